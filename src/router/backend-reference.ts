import { isRecord } from '../is-record.ts'
import type { ObjectRef } from '../problem.ts'
import type { ObjectKey } from '../watch/objects.ts'
import type { Reports } from './reports.ts'
import { show } from './shape.ts'
import type { BackendId } from './table.ts'

/** A place that names a port of a Service. */
export type BackendReference = {
  readonly id: BackendId
  readonly object: ObjectRef
  /** Of the backend: `spec.rules[0].http.paths[1].backend`. */
  readonly field: string
  readonly namespace: string
  readonly service: string
  /** A name, a number, or `undefined` for the first port of the Service. */
  readonly port: string | number | undefined
}

export function backendReference(
  object: ObjectRef,
  field: string,
  namespace: string,
  service: string,
  port: string | undefined,
): BackendReference {
  // The name of a Service port has a letter in it, so a text of digits can only mean the number.
  const isNumber = port !== undefined && /^[0-9]+$/.test(port)
  const id = `${namespace}/${service}:${port ?? ''}`
  return { id, object, field, namespace, service, port: isNumber ? Number(port) : port }
}

export function serviceKeyOf({ namespace, service }: BackendReference): ObjectKey {
  return `${namespace}/${service}`
}

/** `undefined` for what names no Service port; a problem is reported then. */
export function readBackend(
  value: unknown,
  field: string,
  object: ObjectRef,
  reports: Reports,
): BackendReference | undefined {
  const instead = 'requests to this path are answered with 503'
  const backend = isRecord(value) ? value : {}
  const { service, resource } = backend
  if (isRecord(resource) && !isRecord(service)) {
    const message = `a backend of kind ${show(resource['kind'])} is nothing that Headgate can send requests to`
    reports.add('ResourceBackendUnsupported', `${field}.resource`, message, instead)
    return undefined
  }
  const name = isRecord(service) ? service['name'] : undefined
  const port = isRecord(service) ? readPort(service['port']) : undefined
  if (typeof name === 'string' && isName(name) && port !== undefined && !isRecord(resource)) {
    return backendReference(object, field, object.namespace, name, port)
  }
  const message = `${show(value)} does not name one Service and one of name and number of its ports`
  reports.add('InvalidBackend', field, message, instead)
  return undefined
}

function readPort(port: unknown): string | undefined {
  if (!isRecord(port)) return undefined
  const { name, number } = port
  const hasName = name !== undefined && name !== null && name !== ''
  const hasNumber = number !== undefined && number !== null && number !== 0
  if (hasName === hasNumber) return undefined
  if (hasName) return typeof name === 'string' && isName(name) ? name : undefined
  const isPort = typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= 65_535
  return isPort ? String(number) : undefined
}

/** Neither `/` nor `:`, which part the names in the id of a backend. */
function isName(text: string): boolean {
  return /^[a-zA-Z0-9]([-.a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(text)
}
