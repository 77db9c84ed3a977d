import { isIP, isIPv4, isIPv6, SocketAddress } from 'node:net'

/** A CIDR. Host bits may be set: they mean nothing. */
export type AddressRange = {
  readonly family: 'ipv4' | 'ipv6'
  readonly address: string
  /** Bits that count. */
  readonly prefix: number
}

/**
 * One spelling for each address: RFC 5952 for IPv6, and IPv4 as such where it comes mapped (RFC 4291 section 2.5.5.2). undefined: it
 * is none. A zone has a meaning on one machine only (RFC 4007 section 11), so what has one is no address here.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (text.includes('%') || !isIPv6(text)) return undefined
  return unmapped(new SocketAddress({ address: text, family: 'ipv6' }).address)
}

/** The address of a socket, as canonical: the system has spelt it, so what is left is a zone and IPv4 on a dual-stack socket. */
export function socketAddress(text: string): string {
  const zone = text.indexOf('%')
  return unmapped(zone < 0 ? text : text.slice(0, zone))
}

function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [, given = '', digits] = /^([0-9a-f.:]+)(?:\/([0-9]{1,3}))?$/i.exec(text) ?? []
  const address = canonicalAddress(given)
  if (address === undefined) return undefined
  const bits = isIPv4(given) ? 32 : 128
  const prefix = digits === undefined ? bits : Number(digits)
  if (prefix > bits) return undefined
  if (isIP(address) === 6) return { family: 'ipv6', address, prefix }
  // A mapped range is one of IPv4 if all of it is mapped; else it would mean two families at once.
  const mappedBits = bits - 32
  return prefix < mappedBits ? undefined : { family: 'ipv4', address, prefix: prefix - mappedBits }
}
