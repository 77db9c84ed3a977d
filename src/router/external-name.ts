import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Service } from '../watch/objects.ts'
import { endpointAt } from './endpoints.ts'
import { compareText } from './shape.ts'
import type { Endpoint } from './table.ts'

/** The name that has to be resolved, in lower case and without trailing dot; `undefined` for other Services. */
export function externalNameOf(service: Service | undefined): string | undefined {
  const spec: { readonly type?: unknown; readonly externalName?: unknown } | undefined = service?.spec
  if (spec?.type !== 'ExternalName' || typeof spec.externalName !== 'string') return undefined
  return spec.externalName.toLowerCase().replace(/\.$/, '')
}

export type ExternalEndpoints =
  | { readonly kind: 'ok'; readonly endpoints: readonly Endpoint[] }
  /** Why not, in a few words that follow the name. */
  | { readonly kind: 'refused' | 'unresolved'; readonly why: string }

/**
 * Loopback and link-local addresses are refused, whether written or what a name resolves to: behind them are services of
 * the node and of the cloud (169.254.169.254), which whoever may write a Service must not reach through us.
 */
export function externalEndpoints(
  name: string,
  port: number,
  resolved: ReadonlyMap<string, readonly string[]>,
  allowsLocal: boolean,
): ExternalEndpoints {
  if (!allowsLocal && (name === 'localhost' || name.endsWith('.localhost'))) {
    return { kind: 'refused', why: 'is this machine' }
  }
  const addresses = isIP(name) === 0 ? resolved.get(name) : [name]
  if (addresses === undefined || addresses.length === 0) return { kind: 'unresolved', why: 'has no address in DNS' }
  const allowed = addresses.filter((address) => isIP(address) !== 0 && (allowsLocal || !isLocalAddress(address)))
  if (allowed.length === 0) return { kind: 'refused', why: `has only local addresses: ${addresses.join(', ')}` }
  const endpoints = new Map(allowed.map((address) => [address, endpointAt(address, port)]))
  return { kind: 'ok', endpoints: [...endpoints.values()].sort((a, b) => compareText(a.id, b.id)) }
}

const local = new BlockList()
local.addSubnet('0.0.0.0', 8, 'ipv4')
local.addSubnet('127.0.0.0', 8, 'ipv4')
local.addSubnet('169.254.0.0', 16, 'ipv4')
local.addAddress('::', 'ipv6')
local.addAddress('::1', 'ipv6')
local.addSubnet('fe80::', 10, 'ipv6')

function isLocalAddress(address: string): boolean {
  return local.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
