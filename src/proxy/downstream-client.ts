import { parseHostHeader } from '../router/host-name.ts'
import { flatText } from './flat-text.ts'
import { identityLines } from './headers.ts'

/** Whom the last request of a connection asked for, and what follows from it. */
type Asked = {
  readonly authority: string
  readonly host: string | undefined
  readonly identity: string
  /** It has been asked for more than once, and will be again: what is kept of it is in one piece. */
  readonly isUsual: boolean
}

/** What all requests of one connection have in common. Most ask for the host that the one before them asked for. */
export class DownstreamClient {
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
    const isSame = last !== undefined && last.authority === authority
    if (isSame && last.isUsual) return last
    this.#asked = isSame ? usual(last) : this.#first(authority)
    return this.#asked
  }

  #first(authority: string): Asked {
    const { scheme, clientAddress } = this
    const identity = identityLines({ authority, scheme, clientAddress })
    return { authority, host: parseHostHeader(authority), identity, isUsual: false }
  }
}

function usual({ authority, identity }: Asked): Asked {
  // Cut out of the text of a head, it would keep all of that.
  const kept = flatText(authority)
  return { authority: kept, host: parseHostHeader(kept), identity: flatText(identity), isUsual: true }
}
