import { isIPv6 } from 'node:net'
import { at, list } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'
import { listObjects, listPods } from './objects.ts'

/** Whose address it is, in words that are the same in every run. */
export type WhoIs = (address: string) => string

/** `the client`, `a node`, `a Headgate pod`. Pods come and go: ask again after a deployment. */
export async function whoIs(bed: Bed): Promise<WhoIs> {
  const [pods, nodes] = await Promise.all([
    listPods(bed, 'headgate', 'app.kubernetes.io/name=headgate'),
    listObjects(bed, '/api/v1/nodes'),
  ])
  const names = new Map<string, string>()
  const add = (address: string | undefined, name: string): void => {
    if (address !== undefined) names.set(canonical(address), name)
  }
  for (const { addresses } of pods) for (const address of addresses) add(address, 'a Headgate pod')
  for (const node of nodes) {
    const name = 'a node'
    for (const one of list(at(node, 'status.addresses'))) add(String(at(one, 'address')), name)
    // What a node sends to its own pods comes from the bridge that it made for them.
    for (const cidr of list(at(node, 'spec.podCIDRs'))) add(gatewayOf(String(cidr)), name)
  }
  add(bed.client.ipv4, 'the client')
  add(bed.client.ipv6, 'the client')
  return (address) => names.get(canonical(address)) ?? (isLoopback(address) ? 'localhost' : `nobody known: ${address}`)
}

/** host-local gives the first address of a range to the gateway. */
function gatewayOf(cidr: string): string {
  const [network = ''] = cidr.split('/')
  return isIPv6(network) ? `${network}1` : network.replace(/\.0$/, '.1')
}

function canonical(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname : address
}

function isLoopback(address: string): boolean {
  return address === '127.0.0.1' || address === '::1'
}
