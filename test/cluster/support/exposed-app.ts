import type { KubernetesObject } from '../../manifests/object.ts'
import { backendDeployment, ingress, service } from './backends.ts'
import type { Bed } from './bed.ts'
import { applyObjects, createNamespace, deleteNamespace } from './objects.ts'

const namespace = 'exposure'

/** The Host of the Ingress that the application is reached by. */
export const appHost = 'exposure.example'

/** An application with a pod on every node, so that a node that dies never takes all of it away. */
export async function deployApp(bed: Bed): Promise<void> {
  await createNamespace(bed, namespace)
  const options = { name: 'app', namespace }
  await applyObjects(bed, [
    asDaemonSet(backendDeployment(options)),
    service({ ...options, spec: { ipFamilyPolicy: 'PreferDualStack' } }),
    ingress({ ...options, ingressClass: 'headgate', host: appHost }),
  ])
  await bed.kubectl(['rollout', 'status', 'daemonset/app', '-n', namespace, '--timeout=60s'])
}

export function removeApp(bed: Bed): Promise<void> {
  return deleteNamespace(bed, namespace)
}

function asDaemonSet(deployment: KubernetesObject): KubernetesObject {
  const { replicas: _, ...spec } = Object(deployment['spec'])
  return { ...deployment, kind: 'DaemonSet', spec }
}
