import type { DownstreamClient } from './downstream-client.ts'
import type { DownstreamRequest } from './exchange.ts'
import { singleHeader } from './headers.ts'
import type { Http2Head } from './http2-head.ts'

/** A request of an HTTP/2 stream, in the words of the proxy. */
export class Http2Request implements DownstreamRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly host: string | undefined
  readonly identity: string
  readonly scheme = 'https'
  readonly httpVersion = '2.0'
  readonly passing: string
  readonly givenId: string
  readonly clientAddress: string
  readonly tlsVersion: string | undefined
  readonly contentLength: number | undefined
  readonly #head: Http2Head

  constructor(head: Http2Head, client: DownstreamClient) {
    const { authority, host, identity } = client.asksFor(head.authority)
    this.method = head.method
    this.target = head.target
    this.authority = authority
    this.host = host
    this.identity = identity
    this.passing = head.passing
    this.givenId = head.givenId
    this.clientAddress = client.clientAddress
    this.tlsVersion = client.tlsVersion
    this.contentLength = head.contentLength
    this.#head = head
  }

  get headers(): readonly string[] {
    return this.#head.fields.list
  }

  field(lowerName: string): string | undefined {
    return singleHeader(this.headers, lowerName)
  }
}
