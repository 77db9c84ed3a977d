import { Fields } from '../fields.ts'
import type { UpstreamRequest } from '../upstream-connection.ts'

/** The head of a request as node:http2 takes it: a flat list, [name, value, …], pseudo-header fields first (RFC 9113 section 8.3). */
export function requestHead({ method, path, fields }: UpstreamRequest, endpoint: string): readonly string[] {
  // Host is always there; an HTTP/1.0 client may have left it empty, and `:authority` may not be.
  let authority = ''
  const regular: string[] = []
  const { list } = fields
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = (list[i] ?? '').toLowerCase()
    const value = list[i + 1] ?? ''
    if (name === 'host') authority = value
    else regular.push(name, value)
  }
  return [
    ':method',
    method,
    ':scheme',
    'http',
    ':authority',
    authority === '' ? endpoint : authority,
    ':path',
    path,
    ...regular,
  ]
}

/** What node:http2 has read of a head or of trailers, without pseudo-header fields. */
export function receivedFields(raw: readonly string[]): Fields {
  const list: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (!name.startsWith(':')) list.push(name, raw[i + 1] ?? '')
  }
  return Fields.ofList(list)
}
