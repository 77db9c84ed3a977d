import { join } from 'node:path'
import { manifestsFolder, parseObjects } from '../../manifests/kustomize.ts'
import { at, type Fields, fieldsAt, isFields, type KubernetesObject, list } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'
import { classFlags, inNamespace } from './in-namespace.ts'
import { applyObjects, deleteNamespace, getObject, listPods, type Pod } from './objects.ts'

export type DeployOptions = {
  /** Folder below manifests/: `base`, `overlays/nodeport`. */
  readonly folder?: string
  /** Elsewhere than in `headgate` it gets an IngressClass and cluster-wide names of its own: both may run at once. */
  readonly namespace?: string
  /** `--flag=value`: takes the place of the same flag in the manifests. */
  readonly args?: readonly string[]
  readonly replicas?: number
  /** Fields of the spec of the Service `headgate` that differ: `{ type: 'NodePort' }`. */
  readonly service?: Fields
  /** Whatever else has to differ. */
  readonly edit?: (object: KubernetesObject) => KubernetesObject
}

/** Headgate in the cluster, made of our own manifests. */
export type Deployed = {
  readonly namespace: string
  /** Of Ingresses that are its own. */
  readonly ingressClass: string
  /** `deployment/headgate` or `daemonset/headgate`. */
  readonly workload: string
  /** Undefined where the Service has none. */
  readonly nodePorts: { readonly http: number | undefined; readonly https: number | undefined }
  pods(): Promise<readonly Pod[]>
  /** A page of the admin listener of one pod, asked through the API server: `/readyz`, `/metrics`, `/routes`. */
  admin(pod: string, path: string): Promise<string>
  /** Waits until every pod is the newest one, and ready. */
  rolledOut(): Promise<void>
  remove(): Promise<void>
}

/** As the manifests are, but quick to notice and quick to end. */
const quickArgs = ['--lame-duck-seconds=2', '--drain-seconds=5']
const quickGraceSeconds = 15

export async function deployHeadgate(bed: Bed, options: DeployOptions = {}): Promise<Deployed> {
  const { folder = 'base', namespace = 'headgate' } = options
  const rendered = await bed.kubectl(['kustomize', join(manifestsFolder, folder)])
  const objects = parseObjects(rendered)
    .map((object) => inNamespace(object, namespace))
    .map((object) => adapt(object, { ...options, args: [...classFlags(namespace), ...(options.args ?? [])] }))
    .map((object) => options.edit?.(object) ?? object)
  await applyObjects(bed, objects)
  const kind = objects.find(isWorkload)?.kind.toLowerCase() ?? 'deployment'
  const workload = `${kind}/headgate`
  const rolledOut = async (): Promise<void> => {
    try {
      await bed.kubectl(['rollout', 'status', workload, '-n', namespace, '--timeout=60s'])
    } catch (error) {
      const events = await bed.kubectl(['get', 'pods,events', '-n', namespace])
      throw new Error(`Headgate does not become ready:\n${events}`, { cause: error })
    }
  }
  await rolledOut()
  const service = await getObject(bed, `/api/v1/namespaces/${namespace}/services/headgate`)
  const ports = list(at(service, 'spec.ports'))
  return {
    namespace,
    ingressClass: objects.find(({ kind }) => kind === 'IngressClass')?.metadata.name ?? 'headgate',
    workload,
    nodePorts: { http: nodePort(ports, 'http'), https: nodePort(ports, 'https') },
    pods: () => listPods(bed, namespace, 'app.kubernetes.io/name=headgate'),
    async admin(pod, path) {
      const { status, body } = await bed.api('GET', `/api/v1/namespaces/${namespace}/pods/${pod}:10254/proxy${path}`)
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      if (status !== 200) throw new Error(`${pod}${path}: ${status} ${text}`)
      return text
    },
    rolledOut,
    async remove() {
      // First the pods: rights that are taken from them while they run would be refused requests (audit-log.ts).
      await bed.kubectl([
        'delete',
        workload,
        '-n',
        namespace,
        '--cascade=foreground',
        '--ignore-not-found',
        '--timeout=60s',
      ])
      await deleteNamespace(bed, namespace)
      const others = objects.filter(({ kind, metadata }) => kind !== 'Namespace' && metadata['namespace'] !== namespace)
      const input = others.map((object) => JSON.stringify(object)).join('\n---\n')
      await bed.kubectl(['delete', '--ignore-not-found', '--filename=-'], { input })
    },
  }
}

function isWorkload({ kind, metadata }: KubernetesObject): boolean {
  return (kind === 'Deployment' || kind === 'DaemonSet') && metadata.name === 'headgate'
}

function adapt(object: KubernetesObject, { args = [], replicas, service = {} }: DeployOptions): KubernetesObject {
  const spec = object['spec']
  if (!isFields(spec)) return object
  if (object.kind === 'Service' && object.metadata.name === 'headgate')
    return { ...object, spec: { ...spec, ...service } }
  if (!isWorkload(object)) return object
  const scale = replicas === undefined || object.kind === 'DaemonSet' ? {} : { replicas }
  const template = fieldsAt(spec, 'template')
  return {
    ...object,
    spec: { ...spec, ...scale, template: { ...template, spec: adaptPod(fieldsAt(template, 'spec'), args) } },
  }
}

function adaptPod(pod: Fields, args: readonly string[]): Fields {
  const [first, ...others] = list(pod['containers']).filter(isFields)
  if (first === undefined) return pod
  const container = {
    ...first,
    args: withFlags(list(first['args']).map(String), [...quickArgs, ...args]),
    readinessProbe: { ...fieldsAt(first, 'readinessProbe'), periodSeconds: 1, timeoutSeconds: 5 },
    // What production asks for does not fit several times on a small machine.
    resources: { ...fieldsAt(first, 'resources'), requests: { cpu: '50m', memory: '64Mi' } },
  }
  return { ...pod, terminationGracePeriodSeconds: quickGraceSeconds, containers: [container, ...others] }
}

/** A later flag takes the place of an earlier one of the same name. */
function withFlags(args: readonly string[], flags: readonly string[]): readonly string[] {
  const nameOf = (flag: string): string => flag.split('=')[0] ?? flag
  const replaced = new Set(flags.map(nameOf))
  const last = new Map(flags.map((flag) => [nameOf(flag), flag]))
  return [...args.filter((arg) => !replaced.has(nameOf(arg))), ...last.values()]
}

function nodePort(ports: readonly unknown[], name: string): number | undefined {
  const port = at(
    ports.find((one) => at(one, 'name') === name),
    'nodePort',
  )
  return typeof port === 'number' ? port : undefined
}
