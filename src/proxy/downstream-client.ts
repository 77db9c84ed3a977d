import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { parseHostHeader } from '../router/host-name.ts'
import { socketAddress } from '../router/ip-address.ts'
import type { ClientClaims } from './client-claims.ts'
import { believedIdentity, ownIdentity } from './client-identity.ts'
import { flatText } from './flat-text.ts'
import { identityLines } from './headers.ts'
import type { ProxyState } from './proxy-state.ts'
import type { IdentityRules } from './trusted-peers.ts'

/** Whom the last request of a connection asked for, and what follows from it. */
type Asked = {
  readonly authority: string
  readonly host: string | undefined
  /** Fields that tell an endpoint who asks, for all requests of the connection that ask for this. */
  readonly identity: string
  /** What a request says of the client counts too: see `believe`. */
  readonly isTrusted: boolean
  /** So does the X-Request-ID that it gives. */
  readonly keepsId: boolean
  /** It has been asked for more than once, and will be again: what is kept of it is in one piece. */
  readonly isUsual: boolean
}

/** Who asks, as a trusted peer says it. */
export type Believed = { readonly identity: string; readonly clientAddress: string }

export type ClientOptions = {
  readonly scheme: 'http' | 'https'
  readonly peerAddress: string
  readonly tlsVersion: string | undefined
  readonly proxy: Pick<ProxyState, 'identityRules'>
}

/** What all requests of one connection have in common. Most ask for the host that the one before them asked for. */
export class DownstreamClient {
  readonly scheme: 'http' | 'https'
  /** Of who has opened the connection: the client itself, or a proxy before us. */
  readonly peerAddress: string
  /** undefined without TLS. */
  readonly tlsVersion: string | undefined
  readonly #proxy: Pick<ProxyState, 'identityRules'>
  #rules: IdentityRules
  #isTrusted: boolean
  #asked: Asked | undefined

  constructor({ scheme, peerAddress, tlsVersion, proxy }: ClientOptions) {
    this.scheme = scheme
    this.peerAddress = peerAddress
    this.tlsVersion = tlsVersion
    this.#proxy = proxy
    this.#rules = proxy.identityRules
    this.#isTrusted = this.#rules.trusted?.has(this.peerAddress) === true
  }

  asksFor(authority: string): Asked {
    if (this.#rules !== this.#proxy.identityRules) this.#follow(this.#proxy.identityRules)
    const last = this.#asked
    const isSame = last !== undefined && last.authority === authority
    if (isSame && last.isUsual) return last
    this.#asked = isSame ? usual(last) : this.#first(authority)
    return this.#asked
  }

  /** Only of a request that asks for `authority` and `isTrusted`. */
  believe(authority: string, claims: ClientClaims): Believed {
    const { scheme, peerAddress } = this
    const forwardedAs = believedIdentity({ authority, scheme, peerAddress }, claims, this.#rules)
    return { identity: identityLines(forwardedAs), clientAddress: forwardedAs.clientAddress }
  }

  /** Connections of a load balancer live long: who is trusted no more is not believed from its next request on. */
  #follow(rules: IdentityRules): void {
    this.#rules = rules
    this.#isTrusted = rules.trusted?.has(this.peerAddress) === true
    this.#asked = undefined
  }

  #first(authority: string): Asked {
    const { scheme, peerAddress } = this
    const identity = identityLines(ownIdentity({ authority, scheme, peerAddress }, this.#rules))
    const keepsId = this.#isTrusted && !this.#rules.addressesOnly
    const host = parseHostHeader(authority)
    return { authority, host, identity, isTrusted: this.#isTrusted, keepsId, isUsual: false }
  }
}

function usual({ authority, identity, isTrusted, keepsId }: Asked): Asked {
  // Cut out of the text of a head, it would keep all of that.
  const kept = flatText(authority)
  const host = parseHostHeader(kept)
  return { authority: kept, host, identity: flatText(identity), isTrusted, keepsId, isUsual: true }
}

const clients = new WeakMap<Socket, DownstreamClient>()

/** Who is at the other end of a socket: the same each time. */
export function clientOn(socket: Socket, scheme: 'http' | 'https', proxy: ClientOptions['proxy']): DownstreamClient {
  const known = clients.get(socket)
  if (known !== undefined) return known
  const peerAddress = socketAddress(socket.remoteAddress ?? '')
  const tlsVersion = socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined
  const client = new DownstreamClient({ scheme, peerAddress, tlsVersion, proxy })
  clients.set(socket, client)
  return client
}
