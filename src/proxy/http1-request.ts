import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { parseHostHeader } from '../router/host-name.ts'
import type { DownstreamRequest } from './exchange.ts'
import { identityLines, passingLines, singleHeader } from './headers.ts'
import { contentLengthOf, givenIdOf, type KeyFields, readKeyFields } from './key-fields.ts'

/** What Node's HTTP/1.1 server has parsed, in the words of the proxy. */
export class Http1Request implements DownstreamRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly httpVersion: string
  readonly headers: readonly string[]
  readonly fields: KeyFields
  readonly clientAddress: string
  readonly contentLength: number | undefined
  readonly #socket: Socket

  constructor(request: IncomingMessage) {
    this.#socket = request.socket
    this.method = request.method ?? ''
    this.headers = request.rawHeaders
    this.fields = readKeyFields(this.headers)
    const { host } = this.fields
    const url = request.url ?? ''
    const { authority, target } =
      url.startsWith('/') || url === '*' ? { authority: host, target: url } : readAbsoluteForm(url, host)
    this.authority = authority
    this.target = target
    this.scheme = isEncrypted(request) ? 'https' : 'http'
    this.httpVersion = request.httpVersion
    this.clientAddress = plainAddress(request.socket.remoteAddress ?? '')
    this.contentLength = contentLengthOf(this.fields)
  }

  get tlsVersion(): string | undefined {
    return tlsVersionOf(this.#socket)
  }

  field(lowerName: string): string | undefined {
    return singleHeader(this.headers, lowerName)
  }

  get host(): string | undefined {
    return parseHostHeader(this.authority)
  }

  get identity(): string {
    return identityLines(this)
  }

  get passing(): string {
    return passingLines(this.headers)
  }

  get givenId(): string {
    return givenIdOf(this.fields)
  }
}

/** RFC 9112 section 3.2.2: with an absolute-form target the Host field is ignored and the target's authority stands in. */
function readAbsoluteForm(url: string, host: string): { authority: string; target: string } {
  const parts = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url)
  if (parts === null) return { authority: host, target: url }
  const rest = parts[2] ?? ''
  return { authority: parts[1] ?? '', target: rest.startsWith('/') ? rest : `/${rest}` }
}

function isEncrypted(request: IncomingMessage): boolean {
  return 'encrypted' in request.socket && request.socket.encrypted === true
}

/** undefined without TLS. */
export function tlsVersionOf(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined
}

/** IPv4 clients of a dual-stack socket come as `::ffff:192.0.2.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
