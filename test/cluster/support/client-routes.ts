import type { Bed, Finished } from './bed.ts'

/** The client outside sends packets for the address to this node, as a router with a static route does. */
export async function routeVia(bed: Bed, address: string, nodeName: string): Promise<void> {
  const node = bed.nodes.find(({ name }) => name === nodeName)
  const gateway = address.includes(':') ? node?.ipv6 : node?.ipv4
  if (gateway === undefined) throw new Error(`${nodeName} has no address of the family of ${address}`)
  succeeded(await bed.runAsClient('ip', ['route', 'replace', address, 'via', gateway]))
}

export async function removeRoute(bed: Bed, address: string): Promise<void> {
  succeeded(await bed.runAsClient('ip', ['route', 'del', address]))
}

export function succeeded(finished: Finished): string {
  if (finished.code !== 0) throw new Error(finished.stderr)
  return finished.stdout
}
