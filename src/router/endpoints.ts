import { isIPv4, isIPv6 } from 'node:net'
import { isRecord } from '../is-record.ts'
import type { EndpointSlice, Service, ServicePort, SliceEndpoint } from '../watch/objects.ts'
import { compareText, listOf } from './shape.ts'
import type { Endpoint, EndpointId } from './table.ts'

/**
 * The endpoints of a Service port out of all its slices, each once, sorted by id. Those that are ready; where none is,
 * those that still serve while they terminate, as kube-proxy does (KEP-1669).
 */
export function endpointsOf(service: Service, port: ServicePort, slices: Iterable<EndpointSlice>): readonly Endpoint[] {
  const ready = new Map<EndpointId, Endpoint>()
  const terminating = new Map<EndpointId, Endpoint>()
  const takesAll = service.spec?.publishNotReadyAddresses === true
  for (const slice of slices) {
    const number = slicePortNumber(slice, port)
    if (number === undefined || (slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6')) continue
    for (const item of listOf(slice.endpoints)) {
      if (!isRecord(item)) continue
      const endpoint = readEndpoint(item, slice.addressType, number)
      const { ready: isReady, serving, terminating: isTerminating } = readConditions(item)
      if (endpoint === undefined) continue
      if (takesAll || isReady) add(ready, endpoint)
      else if (serving && isTerminating) add(terminating, endpoint)
    }
  }
  return [...(ready.size > 0 ? ready : terminating).values()].sort((a, b) => compareText(a.id, b.id))
}

/** An endpoint may be in two slices while it moves from one to the other; the smaller zone is kept, whichever comes first. */
function add(endpoints: Map<EndpointId, Endpoint>, endpoint: Endpoint): void {
  const other = endpoints.get(endpoint.id)
  if (other === undefined || (endpoint.zone ?? '') < (other.zone ?? '')) endpoints.set(endpoint.id, endpoint)
}

/** Absent and null both mean the default: ready, serving, not terminating. */
function readConditions(item: Readonly<Record<string, unknown>>): Required<NonNullable<SliceEndpoint['conditions']>> {
  const conditions = isRecord(item['conditions']) ? item['conditions'] : {}
  const { ready, serving, terminating } = conditions
  return { ready: ready !== false, serving: serving !== false, terminating: terminating === true }
}

function readEndpoint(
  item: Readonly<Record<string, unknown>>,
  type: 'IPv4' | 'IPv6',
  port: number,
): Endpoint | undefined {
  const [address] = listOf(item['addresses'])
  if (typeof address !== 'string' || !(type === 'IPv4' ? isIPv4(address) : isIPv6(address))) return undefined
  const { zone } = item
  return endpointAt(address, port, typeof zone === 'string' ? zone : undefined)
}

export function endpointAt(address: string, port: number, zone?: string): Endpoint {
  const text = address.toLowerCase()
  const id = text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`
  return { id, address: text, port, zone }
}

/**
 * The port of the slice by the name that it shares with the port of the Service; else, as ingress-nginx does for slices
 * that people write by hand, by targetPort. A slice without ports has none, whatever the Service says.
 */
function slicePortNumber(slice: EndpointSlice, { name, targetPort }: ServicePort): number | undefined {
  const ports = listOf(slice.ports).filter(isRecord).filter(isTcp)
  if (ports.length === 0) return undefined
  const byName = ports.find((port) => (port['name'] ?? '') === (name ?? ''))
  if (byName !== undefined) return portNumber(byName['port'])
  const byTarget = ports.find((port) => typeof targetPort === 'string' && port['name'] === targetPort)
  return portNumber(byTarget === undefined ? targetPort : byTarget['port'])
}

/** The TCP port of a Service by name or number, or the first one; else, as ingress-nginx does, by targetPort. */
export function findServicePort(service: Service, wanted: string | number | undefined): ServicePort | undefined {
  const ports = listOf(service.spec?.ports).filter(isServicePort)
  if (wanted === undefined) return ports[0]
  return (
    ports.find(({ name, port }) => wanted === (typeof wanted === 'number' ? port : name)) ??
    ports.find(({ targetPort }) => targetPort === wanted)
  )
}

function isServicePort(value: unknown): value is ServicePort {
  return isRecord(value) && isTcp(value) && portNumber(value['port']) !== undefined
}

function isTcp(port: Readonly<Record<string, unknown>>): boolean {
  const { protocol } = port
  return protocol === undefined || protocol === null || protocol === '' || protocol === 'TCP'
}

function portNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535 ? value : undefined
}
