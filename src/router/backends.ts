import type { Problem, ProblemReason } from '../problem.ts'
import type { EndpointSlice, ObjectKey, Service, ServicePort } from '../watch/objects.ts'
import { appProtocolOf } from './app-protocol.ts'
import { type BackendReference, serviceKeyOf } from './backend-reference.ts'
import type { BuildInput } from './build-input.ts'
import { endpointsOf, findServicePort } from './endpoints.ts'
import { externalEndpoints, externalNameOf } from './external-name.ts'
import type { Backend, BackendState, Endpoint, UpstreamProtocol } from './table.ts'

export type ResolvedBackend = {
  readonly backend: Backend
  /** What every place that references this backend is told. */
  readonly complaint: Complaint | undefined
}

export type Complaint = {
  readonly reason: ProblemReason
  /** Below the backend's own field. */
  readonly field: string
  readonly message: string
  /** Left out: nothing can be done. */
  readonly instead?: string
}

export type ExternalNamePolicy = { readonly disableExternalName: boolean; readonly allowLocalAddresses: boolean }

type Sources = {
  readonly service: Service | undefined
  readonly slices: Iterable<EndpointSlice>
  readonly externalAddresses: BuildInput['externalAddresses']
}

type Outcome = {
  readonly state: BackendState
  readonly endpoints: readonly Endpoint[]
  readonly protocol?: UpstreamProtocol
  readonly complaint?: Complaint | undefined
}

export function resolveBackend(
  reference: BackendReference,
  sources: Sources,
  policy: ExternalNamePolicy,
): ResolvedBackend {
  const { id, namespace, service, port } = reference
  const { state, endpoints, protocol = 'http', complaint } = resolve(reference, sources, policy)
  const backend: Backend = {
    id,
    namespace,
    service,
    port: port === undefined ? '' : String(port),
    protocol,
    endpoints,
    state,
  }
  return { backend, complaint }
}

function resolve(reference: BackendReference, sources: Sources, policy: ExternalNamePolicy): Outcome {
  const { service } = sources
  const key = serviceKeyOf(reference)
  if (service === undefined) {
    return failed('service-not-found', 'ServiceNotFound', '.service.name', `there is no Service ${key}`)
  }
  const externalName = externalNameOf(service)
  if (externalName !== undefined) return resolveExternal(externalName, reference, sources, policy)
  const port = findServicePort(service, reference.port)
  if (port === undefined) return portNotFound(reference)
  const endpoints = endpointsOf(service, port, sources.slices)
  if (endpoints.length > 0) return found(endpoints, port, key)
  const message = `Service ${key} has no ready endpoint for port ${port.name ?? port.port}`
  return failed('no-ready-endpoints', 'NoReadyEndpoints', '.service.name', message)
}

function resolveExternal(
  externalName: string,
  reference: BackendReference,
  { service, externalAddresses }: Sources,
  { disableExternalName, allowLocalAddresses }: ExternalNamePolicy,
): Outcome {
  const key = serviceKeyOf(reference)
  if (disableExternalName) {
    const message = `Service ${key} is of type ExternalName, which --disable-svc-external-name forbids`
    return failed('unsupported', 'ExternalNameRefused', '.service.name', message)
  }
  // Nothing translates ports behind a name, so a number need not be among the Service's own.
  const { port: wanted } = reference
  const servicePort = service && findServicePort(service, wanted)
  const port = typeof wanted === 'number' ? wanted : servicePort?.port
  if (port === undefined) return portNotFound(reference)
  const external = externalEndpoints(externalName, port, externalAddresses, allowLocalAddresses)
  if (external.kind === 'ok') return found(external.endpoints, servicePort, key)
  const message = `${externalName}, the externalName of Service ${key}, ${external.why}`
  return external.kind === 'refused'
    ? failed('unsupported', 'ExternalNameRefused', '.service.name', message)
    : failed('no-ready-endpoints', 'NoReadyEndpoints', '.service.name', message)
}

function found(endpoints: readonly Endpoint[], port: ServicePort | undefined, service: ObjectKey): Outcome {
  const { protocol, unsupported } = appProtocolOf(port)
  const complaint: Complaint | undefined =
    unsupported === undefined
      ? undefined
      : {
          reason: 'AppProtocolUnsupported',
          field: '.service.port',
          message: `Service ${service} says appProtocol ${unsupported} of this port, and TLS to endpoints is not spoken`,
          instead: 'requests to this path are sent to it over HTTP/1.1 without TLS',
        }
  return { state: 'ok', endpoints, protocol, complaint }
}

function portNotFound(reference: BackendReference): Outcome {
  const message = `Service ${serviceKeyOf(reference)} has no TCP port ${reference.port ?? 'at all'}`
  return failed('port-not-found', 'PortNotFound', '.service.port', message)
}

function failed(state: BackendState, reason: ProblemReason, field: string, message: string): Outcome {
  return { state, endpoints: [], complaint: { reason, field, message } }
}

export function backendProblem({ object, field }: BackendReference, complaint: Complaint): Problem {
  return {
    object,
    // A flag of ours has no fields below it.
    field: field.startsWith('--') ? field : field + complaint.field,
    reason: complaint.reason,
    message: complaint.message,
    instead: complaint.instead ?? 'requests to this path are answered with 503',
  }
}
