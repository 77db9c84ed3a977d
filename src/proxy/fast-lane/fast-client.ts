import { parseHostHeader } from '../../router/host-name.ts'
import { flatText } from '../flat-text.ts'
import { identityLines } from '../headers.ts'

/** Whom the last request of a connection asked for, and what follows from it. */
type Asked = { readonly authority: string; readonly host: string | undefined; readonly identity: string }

/** What all requests of one connection have in common. Most ask for the host that the one before them asked for. */
export class FastClient {
  readonly scheme: 'http' | 'https'
  readonly clientAddress: string
  /** undefined without TLS. */
  readonly tlsVersion: string | undefined
  #asked: Asked | undefined

  constructor(scheme: 'http' | 'https', clientAddress: string, tlsVersion: string | undefined) {
    this.scheme = scheme
    this.clientAddress = clientAddress
    this.tlsVersion = tlsVersion
  }

  asksFor(authority: string): Asked {
    const last = this.#asked
    if (last !== undefined && last.authority === authority) return last
    const { scheme, clientAddress } = this
    const identity = flatText(identityLines({ authority, scheme, clientAddress }))
    // The text of a head that is over must not be kept for the sake of a part of it.
    const kept = flatText(authority)
    const asked = { authority: kept, host: parseHostHeader(kept), identity }
    this.#asked = asked
    return asked
  }
}
