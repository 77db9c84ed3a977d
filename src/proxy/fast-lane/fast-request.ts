import type { DownstreamRequest } from '../exchange.ts'
import { Fields, singleField } from '../fields.ts'
import type { FastHead } from './request-head.ts'

/** What all requests of one connection have in common. */
export type FastClient = {
  readonly scheme: 'http' | 'https'
  readonly clientAddress: string
  readonly tlsVersion: string | undefined
}

/** A request of the fast lane, in the words of the proxy. */
export class FastRequest implements DownstreamRequest {
  readonly method: string
  readonly target: string
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly httpVersion = '1.1'
  readonly passing: string
  readonly givenId: string
  readonly clientAddress: string
  readonly tlsVersion: string | undefined
  readonly contentLength: number | undefined
  readonly #lines: string

  constructor(head: FastHead, { scheme, clientAddress, tlsVersion }: FastClient) {
    this.method = head.method
    this.target = head.target
    this.authority = head.host
    this.scheme = scheme
    this.passing = head.passing
    this.givenId = head.givenId
    this.clientAddress = clientAddress
    this.tlsVersion = tlsVersion
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
