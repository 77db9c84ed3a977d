/** The fields by which a request is framed, routed and named, read in one pass over its head. */
export type KeyFields = {
  /** How often each stands there; the value is that of the last one. */
  hosts: number
  host: string
  lengths: number
  length: string
  codings: number
  coding: string
  authorizations: number
  requestIds: number
  requestId: string
}

/** `headers` is a flat list. The length of a name is compared first: most names end there, without a lower-case copy. */
export function readKeyFields(headers: readonly string[]): KeyFields {
  const fields: KeyFields = {
    hosts: 0,
    host: '',
    lengths: 0,
    length: '',
    codings: 0,
    coding: '',
    authorizations: 0,
    requestIds: 0,
    requestId: '',
  }
  for (let i = 0; i + 1 < headers.length; i += 2) readField(fields, headers[i] ?? '', headers[i + 1] ?? '')
  return fields
}

function readField(fields: KeyFields, name: string, value: string): void {
  switch (name.length) {
    case 4:
      if (name.toLowerCase() !== 'host') return
      fields.hosts++
      fields.host = value
      return
    case 12:
      if (name.toLowerCase() !== 'x-request-id') return
      fields.requestIds++
      fields.requestId = value
      return
    case 13:
      if (name.toLowerCase() === 'authorization') fields.authorizations++
      return
    case 14:
      if (name.toLowerCase() !== 'content-length') return
      fields.lengths++
      fields.length = value
      return
    case 17:
      if (name.toLowerCase() !== 'transfer-encoding') return
      fields.codings++
      fields.coding = value
      return
  }
}

/** Bytes of the body, where the client says so once and in digits; undefined elsewhere. */
export function contentLengthOf({ lengths, length }: Pick<KeyFields, 'lengths' | 'length'>): number | undefined {
  if (lengths !== 1) return undefined
  const bytes = Number(length.trim())
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined
}

/** The client's own X-Request-ID; empty where there is none, or more than one. */
export function givenIdOf({ requestIds, requestId }: KeyFields): string {
  return requestIds === 1 ? requestId : ''
}
