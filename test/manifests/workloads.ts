// What the API server does not check about our pods: that they are safe to run, that probes reach them, that they have
// the time to drain, and that the arguments are right and agree with the objects beside them.
import { parseConfig } from '../../src/config.ts'
import type { KubernetesObject } from './object.ts'
import { at, isFields, list, nameOf } from './object.ts'

export function isWorkload(object: KubernetesObject): boolean {
  return object.kind === 'Deployment' || object.kind === 'DaemonSet'
}

/** Every mistake of one Deployment or DaemonSet; `objects` are all that are applied with it. */
export function checkWorkload(workload: KubernetesObject, objects: readonly KubernetesObject[]): readonly string[] {
  const pod = at(workload, 'spec.template.spec')
  const containers = list(at(pod, 'containers'))
  return [
    ...checkAccount(pod, workload, objects),
    ...checkSelector(workload),
    ...checkUpdate(workload),
    ...checkGrace(pod),
    ...(at(pod, 'enableServiceLinks') === false ? [] : ['variables of Services mix with HEADGATE_ flags']),
    ...containers.flatMap((container) => [
      ...checkImage(container),
      ...checkSecurity(pod, container),
      ...checkProbes(container),
      ...checkResources(container),
      ...checkFlags(container),
      ...checkArguments(container, workload, objects),
      ...checkEnvironment(container, workload, objects),
    ]),
  ].map((mistake) => `${nameOf(workload)}: ${mistake}`)
}

export function argumentOf(container: unknown, flag: string): string | undefined {
  const argument = list(at(container, 'args')).find((arg) => typeof arg === 'string' && arg.startsWith(`--${flag}=`))
  return typeof argument === 'string' ? argument.slice(flag.length + 3) : undefined
}

export function portNames(workload: KubernetesObject): readonly unknown[] {
  return list(at(workload, 'spec.template.spec.containers')).flatMap((container) =>
    list(at(container, 'ports')).map((port) => at(port, 'name')),
  )
}

/** True when every label of the selector is on the pods; a selector without labels selects nothing we mean. */
export function selects(labels: unknown, workload: KubernetesObject): boolean {
  const wanted = isFields(labels) ? Object.entries(labels) : []
  const had = at(workload, 'spec.template.metadata.labels')
  return wanted.length > 0 && isFields(had) && wanted.every(([key, value]) => had[key] === value)
}

function has(objects: readonly KubernetesObject[], kind: string, name: unknown, namespace: unknown): boolean {
  return objects.some(
    (object) => object.kind === kind && object.metadata.name === name && object.metadata['namespace'] === namespace,
  )
}

function checkAccount(pod: unknown, workload: KubernetesObject, objects: readonly KubernetesObject[]): string[] {
  const account = at(pod, 'serviceAccountName')
  const missing = !has(objects, 'ServiceAccount', account, workload.metadata['namespace'])
  return missing ? [`ServiceAccount ${String(account)} does not exist`] : []
}

function checkSelector(workload: KubernetesObject): string[] {
  return selects(at(workload, 'spec.selector.matchLabels'), workload)
    ? []
    : ['its selector does not match its own pods']
}

function checkUpdate(workload: KubernetesObject): string[] {
  const field = workload.kind === 'Deployment' ? 'strategy' : 'updateStrategy'
  const unavailable = at(workload, `spec.${field}.rollingUpdate.maxUnavailable`)
  const surge = at(workload, `spec.${field}.rollingUpdate.maxSurge`)
  // Two pods cannot listen on one port of one node.
  const hostNetwork = at(workload, 'spec.template.spec.hostNetwork') === true
  const wanted = hostNetwork ? [1, 0] : [0, 1]
  return unavailable === wanted[0] && surge === wanted[1]
    ? []
    : [`rolling update by maxUnavailable ${String(unavailable)}, maxSurge ${String(surge)}, not ${wanted.join(', ')}`]
}

function checkGrace(pod: unknown): string[] {
  const grace = Number(at(pod, 'terminationGracePeriodSeconds') ?? 30)
  return list(at(pod, 'containers')).flatMap((container) => {
    const seconds = ['lame-duck-seconds', 'drain-seconds'].map((flag) => Number(argumentOf(container, flag)))
    const needed = seconds.reduce((sum, one) => sum + one, 0)
    return grace > needed ? [] : [`grace period of ${grace} s for a lame duck and drain of ${seconds.join(' + ')} s`]
  })
}

function checkImage(container: unknown): string[] {
  const image = String(at(container, 'image'))
  return /(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image) ? [] : [`image ${image} is not pinned to a version`]
}

function checkSecurity(pod: unknown, container: unknown): string[] {
  const setting = (name: string) => at(container, `securityContext.${name}`) ?? at(pod, `securityContext.${name}`)
  const added = list(setting('capabilities.add'))
  const onHost = at(pod, 'hostNetwork') === true
  const wrong = [
    list(setting('capabilities.drop')).includes('ALL') ? '' : 'capabilities are not dropped',
    setting('allowPrivilegeEscalation') === false ? '' : 'may escalate its privileges',
    setting('readOnlyRootFilesystem') === true ? '' : 'may write its root file system',
    setting('seccompProfile.type') === 'RuntimeDefault' ? '' : 'has no seccomp profile',
    setting('privileged') === true ? 'is privileged' : '',
    // Ports 80 and 443 of the node need uid 0 with this one capability; a pod of its own network needs neither.
    onHost || (setting('runAsNonRoot') === true && Number(setting('runAsUser')) > 0) ? '' : 'may run as root',
    added.every((capability) => onHost && capability === 'NET_BIND_SERVICE') ? '' : `adds ${added.join(', ')}`,
  ]
  return wrong.filter((mistake) => mistake !== '')
}

function checkProbes(container: unknown): string[] {
  const ports = list(at(container, 'ports')).map((port) => at(port, 'name'))
  const expected = { startupProbe: '/healthz', livenessProbe: '/healthz', readinessProbe: '/readyz' }
  const wrong = Object.entries(expected).flatMap(([name, path]) => {
    const port = at(container, `${name}.httpGet.port`)
    if (at(container, `${name}.httpGet.path`) !== path) return [`${name} does not ask ${path}`]
    return ports.includes(port) ? [] : [`${name} asks port ${String(port)}, which the container has not`]
  })
  const patience =
    Number(at(container, 'livenessProbe.timeoutSeconds')) * Number(at(container, 'livenessProbe.failureThreshold'))
  return patience >= 15 ? wrong : [...wrong, `livenessProbe gives up after ${patience} s of silence`]
}

function checkResources(container: unknown): string[] {
  const names = ['requests.cpu', 'requests.memory', 'limits.memory']
  const missing = names.filter((name) => at(container, `resources.${name}`) === undefined)
  // The default is one worker for each core that the container may use: without a CPU limit all of the node's.
  const unbounded =
    at(container, 'resources.limits.cpu') === undefined && argumentOf(container, 'workers') === undefined
  return [...missing.map((name) => `no resources.${name}`), ...(unbounded ? ['no limit to its workers'] : [])]
}

function checkArguments(
  container: unknown,
  workload: KubernetesObject,
  objects: readonly KubernetesObject[],
): string[] {
  const ports = new Map(list(at(container, 'ports')).map((port) => [at(port, 'name'), at(port, 'containerPort')]))
  const wrong = ['http', 'https', 'admin'].flatMap((name) => {
    const flag = argumentOf(container, `${name}-port`)
    return Number(flag) === ports.get(name) ? [] : [`--${name}-port=${flag} is not its port ${String(ports.get(name))}`]
  })
  const namespace = workload.metadata['namespace']
  const service = argumentOf(container, 'publish-service')?.replace('$(POD_NAMESPACE)', String(namespace))
  if (service !== undefined) {
    const [ofNamespace, name] = service.split('/')
    if (!has(objects, 'Service', name, ofNamespace)) wrong.push(`--publish-service: no Service ${service}`)
  } else if (argumentOf(container, 'publish-status-address') === undefined) {
    wrong.push('no address for the status of Ingresses')
  }
  const ingressClass = objects.find(
    (object) => object.kind === 'IngressClass' && object.metadata.name === argumentOf(container, 'ingress-class'),
  )
  if (at(ingressClass, 'spec.controller') !== argumentOf(container, 'controller-class')) {
    wrong.push('--ingress-class and --controller-class name no IngressClass')
  }
  return wrong
}

/** By Headgate itself, as if it started in a pod. */
function checkFlags(container: unknown): readonly string[] {
  const [command, ...flags] = list(at(container, 'args')).map(String)
  const values = flags.map((flag) => flag.replace('$(POD_NAMESPACE)', 'headgate'))
  const result = parseConfig(values, { POD_NAMESPACE: 'headgate' })
  const mistakes = 'mistakes' in result ? result.mistakes : []
  return command === 'serve' ? mistakes : [`runs ${command}, not serve`, ...mistakes]
}

function checkEnvironment(
  container: unknown,
  workload: KubernetesObject,
  objects: readonly KubernetesObject[],
): string[] {
  const variables = list(at(container, 'env'))
  const used = [...String(at(container, 'args')).matchAll(/\$\(([A-Z_]+)\)/g)].map((match) => match[1])
  const names = variables.map((variable) => at(variable, 'name'))
  const unknown = [...used, 'POD_NAME', 'POD_NAMESPACE'].filter((name) => !names.includes(name))
  const sources = [
    ...variables.map((variable) => at(variable, 'valueFrom.configMapKeyRef.name')),
    ...list(at(container, 'envFrom')).map((source) => at(source, 'configMapRef.name')),
  ].filter((name) => name !== undefined)
  const missing = sources.filter((name) => !has(objects, 'ConfigMap', name, workload.metadata['namespace']))
  return [
    ...unknown.map((name) => `variable ${name} is not set`),
    ...missing.map((name) => `ConfigMap ${String(name)} does not exist`),
  ]
}
