import { ClientClaims } from '../client-claims.ts'
import type { DownstreamClient } from '../downstream-client.ts'
import type { DownstreamRequest } from '../exchange.ts'
import { passesUpstream } from '../headers.ts'
import { fieldKind } from '../http2/field-kind.ts'
import type { HeaderField } from '../http2/hpack/header-field.ts'
import type { RequestHead } from '../http2/message-head.ts'
import { isTraceparent, withoutTrace } from '../trace-context.ts'

/** A request of an HTTP/2 stream, in the words of the proxy. */
export class Http2Request implements DownstreamRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly host: string | undefined
  readonly identity: string
  readonly scheme: 'http' | 'https'
  readonly httpVersion = '2.0'
  passing = ''
  givenId = ''
  readonly clientAddress: string
  readonly tlsVersion: string | undefined
  readonly contentLength: number | undefined
  expectsContinue = false
  /** How many of them. */
  authorizations = 0
  /** `:authority` and `host` name two hosts, or there are two `host` fields. */
  disagrees = false
  readonly #fields: readonly HeaderField[]
  #requestIds = 0
  #traces = 0
  #isTraceBroken = false
  #host: string | undefined
  #cookie: string | undefined

  constructor(head: RequestHead, client: DownstreamClient) {
    this.method = head.method
    this.target = head.path
    this.scheme = client.scheme
    this.tlsVersion = client.tlsVersion
    this.contentLength = head.contentLength
    this.#fields = head.fields
    for (const field of head.fields) this.#read(field)
    if (this.#isTraceBroken) this.passing = withoutTrace(this.passing)
    if (this.#cookie !== undefined) this.passing += `cookie: ${this.#cookie}\r\n`
    const asked = head.authority === '' ? (this.#host ?? '') : head.authority
    this.disagrees ||= this.#host !== undefined && this.#host !== asked
    const { authority, host, identity, isTrusted, keepsId } = client.asksFor(asked)
    const believed = isTrusted ? client.believe(authority, this.#claims()) : undefined
    this.authority = authority
    this.host = host
    this.identity = believed?.identity ?? identity
    this.clientAddress = believed?.clientAddress ?? client.peerAddress
    if (!keepsId) this.givenId = ''
  }

  /** Without `host`, which `:authority` says. Few routes ask for it. */
  get headers(): readonly string[] {
    const list: string[] = []
    for (const { kind, name, value } of this.#fields) {
      if (kind !== fieldKind.host && kind !== fieldKind.cookie) list.push(name, value)
    }
    if (this.#cookie !== undefined) list.push('cookie', this.#cookie)
    return list
  }

  field(lowerName: string): string | undefined {
    if (lowerName === 'cookie') return this.#cookie
    let found: string | undefined
    for (const { name, value } of this.#fields) {
      if (name !== lowerName) continue
      if (found !== undefined) return undefined
      found = value
    }
    return found
  }

  #claims(): ClientClaims {
    const claims = new ClientClaims()
    for (const { name, value } of this.#fields) claims.add(name, value)
    return claims
  }

  #read(field: HeaderField): void {
    const { name, value } = field
    switch (field.kind) {
      case fieldKind.host:
        // Two of them are one too many in HTTP/1.1, even where they agree (RFC 9112 section 3.2).
        this.disagrees ||= this.#host !== undefined
        this.#host = value
        return
      case fieldKind.cookie:
        // Crumbs are one field again for HTTP/1.1 (RFC 9113 section 8.2.3).
        this.#cookie = this.#cookie === undefined ? value : `${this.#cookie}; ${value}`
        return
      case fieldKind.contentLength:
        return
    }
    switch (name) {
      case 'expect':
        this.expectsContinue = value.toLowerCase() === '100-continue'
        break
      case 'x-request-id':
        this.givenId = ++this.#requestIds === 1 ? value : ''
        break
      case 'traceparent':
        this.#isTraceBroken ||= ++this.#traces > 1 || !isTraceparent(value)
        break
      case 'authorization':
        this.authorizations++
    }
    // Kept with the field: of one in the table of the connection it is worked out once.
    field.line ??= passesUpstream(name, value) ? `${name}: ${value}\r\n` : ''
    if (field.line !== '') this.passing += field.line
  }
}
