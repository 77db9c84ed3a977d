import type { BedNode, Family } from '../support/bed.ts'

/** Who is where in a bed. Every bed has the same addresses, as each has its own switch; documentation and benchmarking
 * ranges only (RFC 5737, RFC 3849, RFC 2544). */
export type Layout = {
  readonly name: string
  readonly family: Family
  readonly apiServer: Member
  /** The address that a second API server takes. */
  readonly secondApiServer: Addresses
  readonly nodes: readonly Member[]
  readonly client: Member
  readonly podCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
  /** The first address of each service range: that of the Service default/kubernetes. */
  readonly kubernetesServices: readonly string[]
  readonly dnsServices: readonly string[]
}

export type Addresses = { readonly ipv4?: string; readonly ipv6?: string }
/** Of the network of a bed: the control plane, a node, or the client. */
export type Member = BedNode

export const apiPort = 6443

export function layoutOf(name: string, family: Family, nodeCount: number): Layout {
  const member = (memberName: string, host: string): Member => ({ name: memberName, ...addressesOf(family, host) })
  return {
    name,
    family,
    apiServer: member('cp', '2'),
    secondApiServer: addressesOf(family, '3'),
    nodes: Array.from({ length: nodeCount }, (_, index) => member(`n${index + 1}`, String(11 + index))),
    client: member('client', '100'),
    podCidrs: ofFamily(family, '198.19.0.0/16', '2001:db8:19::/56'),
    serviceCidrs: ofFamily(family, '198.18.0.0/16', '2001:db8:18::/108'),
    kubernetesServices: ofFamily(family, '198.18.0.1', '2001:db8:18::1'),
    dnsServices: ofFamily(family, '198.18.0.10', '2001:db8:18::a'),
  }
}

function addressesOf(family: Family, host: string): Addresses {
  return {
    ...(family === 'ipv6' ? {} : { ipv4: `198.51.100.${host}` }),
    ...(family === 'ipv4' ? {} : { ipv6: `2001:db8:51::${host}` }),
  }
}

function ofFamily(family: Family, ipv4: string, ipv6: string): readonly string[] {
  switch (family) {
    case 'ipv4':
      return [ipv4]
    case 'ipv6':
      return [ipv6]
    case 'dual':
      return [ipv4, ipv6]
    default:
      return family satisfies never
  }
}

/** IPv4 first: the family of the first address is the one of single-stack Services. */
export function addressList(addresses: Addresses): readonly string[] {
  return [addresses.ipv4, addresses.ipv6].filter((address) => address !== undefined)
}

export function firstAddress(addresses: Addresses): string {
  const [first] = addressList(addresses)
  if (first === undefined) throw new Error('a member of the bed without an address')
  return first
}

export function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** Network namespace and, for nodes, cgroup. No bed name has a dash, so no name of one bed begins like that of another. */
export function namespaceOf(bed: string, member: string): string {
  return `hg-${bed}-${member}`
}

export function namespaceFile(bed: string, member: string): string {
  return `/run/netns/${namespaceOf(bed, member)}`
}

export const switchMember = 'sw'

export function allMembers(layout: Layout): readonly Member[] {
  return [layout.apiServer, ...layout.nodes, layout.client]
}
