import { at, fieldsAt, isFields, type KubernetesObject, list } from '../../manifests/object.ts'

/** Where the manifests put it. */
const home = 'headgate'

/** The same object for a Headgate in another namespace, beside the one that is there: what is cluster-wide gets another name. */
export function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  if (namespace === home) return object
  const { metadata } = object
  const moved: KubernetesObject =
    metadata['namespace'] === home
      ? { ...object, metadata: { ...metadata, namespace } }
      : {
          ...object,
          metadata: { ...metadata, name: object.kind === 'Namespace' ? namespace : `${metadata.name}-${namespace}` },
        }
  switch (object.kind) {
    case 'IngressClass':
      return { ...moved, metadata: { ...metadata, name: namespace }, spec: { controller: `headgate.dev/${namespace}` } }
    case 'ClusterRoleBinding':
      return {
        ...moved,
        roleRef: { ...fieldsAt(object, 'roleRef'), name: moved.metadata.name },
        subjects: subjects(object, namespace),
      }
    case 'RoleBinding':
      return { ...moved, subjects: subjects(object, namespace) }
    default:
      return moved
  }
}

/** The flags that make it serve the class of that name, and no other. */
export function classFlags(namespace: string): readonly string[] {
  if (namespace === home) return []
  return [`--ingress-class=${namespace}`, `--controller-class=headgate.dev/${namespace}`]
}

function subjects(binding: KubernetesObject, namespace: string): readonly unknown[] {
  return list(binding['subjects']).map((subject) =>
    isFields(subject) && at(subject, 'namespace') === home ? { ...subject, namespace } : subject,
  )
}
