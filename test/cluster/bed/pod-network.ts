import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Api } from './api.ts'
import { addressList, type Member } from './layout.ts'
import { ipBatch } from './network.ts'
import { nodeFiles } from './node.ts'
import type { Place } from './place.ts'
import { until } from './run.ts'

/** Addresses for the pods of each node, and the routes to them: what a network add-on does in other clusters. */
export async function connectPods(place: Place, api: Api): Promise<void> {
  await Promise.all(place.layout.nodes.map((node) => connectPodsOf(place, api, node)))
}

async function connectPodsOf(place: Place, api: Api, node: Member): Promise<void> {
  const { layout } = place
  // Handed out by the controller manager, in the order in which the nodes come.
  const podCidrs = await until(
    60,
    () => `no pod addresses for ${node.name}`,
    async () => {
      const list = await podCidrsOf(api, node.name)
      return list.length === layout.podCidrs.length ? list : undefined
    },
  )
  const routes = podCidrs.map((cidr) => {
    const via = addressList(node).find((address) => address.includes(':') === cidr.includes(':'))
    return `route replace ${cidr} via ${via}`
  })
  const others = [layout.apiServer, ...layout.nodes].filter((member) => member !== node)
  await Promise.all(others.map((member) => ipBatch(layout.name, member.name, routes)))
  await writeCniConfig(place, node, podCidrs)
}

async function podCidrsOf(api: Api, node: string): Promise<readonly string[]> {
  const { status, body } = await api.request('GET', `/api/v1/nodes/${node}`)
  if (status !== 200) return []
  const { spec } = body as { spec?: { podCIDRs?: readonly string[] } }
  return spec?.podCIDRs ?? []
}

// One route for each pod instead of a bridge: on a bridge the answer of a Service in the same node would pass by the
// rules that have to translate it back, except where the kernel has br_netfilter.
async function writeCniConfig(place: Place, node: Member, podCidrs: readonly string[]): Promise<void> {
  const { cniFolder } = nodeFiles(place, node.name)
  const ranges = podCidrs.map((subnet) => [{ subnet }])
  const routes = podCidrs.map((cidr) => ({ dst: cidr.includes(':') ? '::/0' : '0.0.0.0/0' }))
  const config = {
    cniVersion: '1.0.0',
    name: 'bed',
    plugins: [
      { type: 'ptp', ipMasq: false, ipam: { type: 'host-local', ranges, routes } },
      { type: 'portmap', backend: 'nftables', capabilities: { portMappings: true } },
    ],
  }
  const file = join(cniFolder, '10-bed.conflist')
  // containerd reads it as soon as it is there.
  await writeFile(`${file}.new`, JSON.stringify(config))
  await rename(`${file}.new`, file)
}
