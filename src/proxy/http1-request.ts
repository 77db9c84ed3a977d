import type { IncomingMessage } from 'node:http'
import { claimsOfList } from './client-claims.ts'
import { type ClientOptions, clientOn } from './downstream-client.ts'
import type { DownstreamRequest } from './exchange.ts'
import { passingLines, singleHeader } from './headers.ts'
import { contentLengthOf, givenIdOf, type KeyFields, readKeyFields } from './key-fields.ts'

/** What Node's HTTP/1.1 server has parsed, in the words of the proxy. */
export class Http1Request implements DownstreamRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly host: string | undefined
  readonly identity: string
  readonly scheme: 'http' | 'https'
  readonly httpVersion: string
  readonly headers: readonly string[]
  readonly fields: KeyFields
  readonly givenId: string
  readonly clientAddress: string
  readonly tlsVersion: string | undefined
  readonly contentLength: number | undefined

  constructor(request: IncomingMessage, proxy: ClientOptions['proxy']) {
    const { socket } = request
    const client = clientOn(socket, 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http', proxy)
    this.method = request.method ?? ''
    this.headers = request.rawHeaders
    this.fields = readKeyFields(this.headers)
    const { host } = this.fields
    const url = request.url ?? ''
    const asked = url.startsWith('/') || url === '*' ? { authority: host, target: url } : readAbsoluteForm(url, host)
    const known = client.asksFor(asked.authority)
    const believed = known.isTrusted ? client.believe(known.authority, claimsOfList(this.headers)) : undefined
    this.authority = known.authority
    this.host = known.host
    this.target = asked.target
    this.identity = believed?.identity ?? known.identity
    this.scheme = client.scheme
    this.httpVersion = request.httpVersion
    this.givenId = known.keepsId ? givenIdOf(this.fields) : ''
    this.clientAddress = believed?.clientAddress ?? client.peerAddress
    this.tlsVersion = client.tlsVersion
    this.contentLength = contentLengthOf(this.fields)
  }

  field(lowerName: string): string | undefined {
    return singleHeader(this.headers, lowerName)
  }

  get passing(): string {
    return passingLines(this.headers)
  }
}

/** RFC 9112 section 3.2.2: with an absolute-form target the Host field is ignored and the target's authority stands in. */
function readAbsoluteForm(url: string, host: string): { authority: string; target: string } {
  const parts = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url)
  if (parts === null) return { authority: host, target: url }
  const rest = parts[2] ?? ''
  return { authority: parts[1] ?? '', target: rest.startsWith('/') ? rest : `/${rest}` }
}
