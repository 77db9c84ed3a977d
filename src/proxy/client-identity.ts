import { parseHostHeader } from '../router/host-name.ts'
import { canonicalAddress } from '../router/ip-address.ts'
import type { ClientClaims } from './client-claims.ts'
import { trimSpace } from './head-syntax.ts'
import { type ForwardedAs, publicPort } from './headers.ts'
import type { IdentityRules, TrustedPeers } from './trusted-peers.ts'

/** Entries of X-Forwarded-For that are looked at: who trusts every address would have us look at thousands for one request. */
export const maxForwardedForEntries = 64

/** What a connection tells by itself about a request. */
export type PeerIdentity = {
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly peerAddress: string
}

/** Nobody's word counts but that of the connection. */
export function ownIdentity({ authority, scheme, peerAddress }: PeerIdentity, rules: IdentityRules): ForwardedAs {
  return {
    authority,
    scheme,
    port: publicPort(authority, scheme),
    clientAddress: peerAddress,
    hops: [peerAddress],
    addForwarded: rules.addForwarded,
  }
}

/** A trusted peer's word counts as far as it is well formed; for the rest that of the connection stands in. */
export function believedIdentity(peer: PeerIdentity, claims: ClientClaims, rules: IdentityRules): ForwardedAs {
  const { authority, scheme, peerAddress } = peer
  const { trusted, addressesOnly, fullForwardedFor, addForwarded } = rules
  if (trusted === undefined) return ownIdentity(peer, rules)
  const walked = hopsBehind(claims.forwardedFor, peerAddress, trusted)
  const clientAddress = walked[0] ?? peerAddress
  const hops = fullForwardedFor ? walked : [clientAddress]
  if (addressesOnly) return { ...ownIdentity(peer, rules), clientAddress, hops }
  const believedHost = believableHost(claims.host) ?? authority
  const believedScheme = believableScheme(claims.proto) ?? scheme
  return {
    authority: believedHost,
    scheme: believedScheme,
    port: believablePort(claims.port) ?? publicPort(believedHost, believedScheme),
    clientAddress,
    hops,
    addForwarded,
  }
}

/**
 * Addresses from the client to the peer. Each hop vouches for the one before it, from right to left: the walk ends with the first
 * that is not trusted, which is the client, and before the first entry that is no address. What stands further to the left was
 * written by nobody we know.
 */
export function hopsBehind(forwardedFor: string, peerAddress: string, trusted: TrustedPeers): readonly string[] {
  const hops = [peerAddress]
  let end = forwardedFor.length
  for (let looked = 0; end >= 0 && looked < maxForwardedForEntries; looked++) {
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(',', end - 1)
    const entry = trimSpace(forwardedFor.slice(comma + 1, end))
    end = comma
    // RFC 9110 section 5.6.1.2: empty elements of a list are passed over.
    if (entry === '') continue
    const address = entryAddress(entry)
    if (address === undefined) break
    hops.push(address)
    if (!trusted.has(address)) break
  }
  return hops.toReversed()
}

function entryAddress(entry: string): string | undefined {
  const address = canonicalAddress(entry)
  if (address !== undefined) return address
  // Some proxies add the port, and then brackets around IPv6.
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5})$/i.exec(entry) ?? []
  if (bracketed !== undefined) return bracketed.includes(':') ? canonicalAddress(bracketed) : undefined
  return plain === undefined ? undefined : canonicalAddress(plain)
}

function believableScheme(proto: string | undefined): 'http' | 'https' | undefined {
  const lower = proto?.toLowerCase()
  return lower === 'http' || lower === 'https' ? lower : undefined
}

function believableHost(host: string | undefined): string | undefined {
  return host !== undefined && parseHostHeader(host) !== undefined ? host : undefined
}

function believablePort(port: string | undefined): number | undefined {
  if (port === undefined || !/^[0-9]{1,5}$/.test(port)) return undefined
  const number = Number(port)
  return number >= 1 && number <= 65_535 ? number : undefined
}
