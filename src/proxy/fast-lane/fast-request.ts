import { claimsOfLines } from '../client-claims.ts'
import type { DownstreamClient } from '../downstream-client.ts'
import type { DownstreamRequest } from '../exchange.ts'
import { Fields, singleField } from '../fields.ts'
import type { FastHead } from './request-head.ts'

/** A request of the fast lane, in the words of the proxy. */
export class FastRequest implements DownstreamRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly host: string | undefined
  readonly identity: string
  readonly scheme: 'http' | 'https'
  readonly httpVersion = '1.1'
  readonly passing: string
  readonly givenId: string
  readonly clientAddress: string
  readonly tlsVersion: string | undefined
  readonly contentLength: number | undefined
  readonly #lines: string

  constructor(head: FastHead, client: DownstreamClient) {
    const { authority, host, identity, isTrusted, keepsId } = client.asksFor(head.host)
    const believed = isTrusted ? client.believe(authority, claimsOfLines(head.lines)) : undefined
    this.method = head.method
    this.target = head.target
    this.authority = authority
    this.host = host
    this.identity = believed?.identity ?? identity
    this.scheme = client.scheme
    this.passing = head.passing
    this.givenId = keepsId ? head.givenId : ''
    this.clientAddress = believed?.clientAddress ?? client.peerAddress
    this.tlsVersion = client.tlsVersion
    this.contentLength = head.contentLength
    this.#lines = head.lines
  }

  /** Few routes ask for header fields: the list is made for those that do. */
  get headers(): readonly string[] {
    return Fields.ofLines(this.#lines).list
  }

  field(lowerName: string): string | undefined {
    return singleField(this.#lines, lowerName)
  }
}
