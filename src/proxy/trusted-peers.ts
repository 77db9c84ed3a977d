import { BlockList } from 'node:net'
import type { IdentitySettings } from '../router/identity-settings.ts'
import { parseAddressRange } from '../router/ip-address.ts'

/** The settings of IdentitySettings in the form in which requests ask for them. */
export type IdentityRules = {
  /** undefined: nobody. */
  readonly trusted: TrustedPeers | undefined
  /** Of what those say, X-Forwarded-For alone counts. */
  readonly addressesOnly: boolean
  readonly fullForwardedFor: boolean
  readonly addForwarded: boolean
}

/** Addresses of the proxies in front of us. */
export class TrustedPeers {
  // One for each family: a BlockList that holds ::/0 has all of IPv4 too.
  readonly #ipv4 = new BlockList()
  readonly #ipv6 = new BlockList()

  /** What is no range is left out: settings have been checked. */
  constructor(ranges: readonly string[]) {
    for (const text of ranges) {
      const range = parseAddressRange(text)
      if (range === undefined) continue
      const { family, address, prefix } = range
      const list = family === 'ipv4' ? this.#ipv4 : this.#ipv6
      list.addSubnet(address, prefix, family)
    }
  }

  /** `address` in its one spelling (see ip-address.ts). Empty, of a socket that is gone already, it is none of them. */
  has(address: string): boolean {
    return address.includes(':') ? this.#ipv6.check(address, 'ipv6') : this.#ipv4.check(address, 'ipv4')
  }
}

export function identityRules(settings: IdentitySettings): IdentityRules {
  const { useForwardedHeaders, enableRealIp, trustedRanges, fullForwardedFor, addForwarded } = settings
  const isAnyTrusted = (useForwardedHeaders || enableRealIp) && trustedRanges.length > 0
  const trusted = isAnyTrusted ? new TrustedPeers(trustedRanges) : undefined
  return { trusted, addressesOnly: !useForwardedHeaders, fullForwardedFor, addForwarded }
}
