import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { admitted } from './support/admitted.ts'
import { type Bird, routerConfig, startBird } from './support/bird.ts'
import { hasRoutes, tryEcmp } from './support/ecmp.ts'
import { deployApp, removeApp } from './support/exposed-app.ts'
import { deployWay, tryWay } from './support/exposure.ts'
import { inSeconds, publish } from './support/measured.ts'
import { installMetallb } from './support/metallb.ts'
import { applyObjects } from './support/objects.ts'
import { type OverlayOptions, removeOverlay } from './support/overlay.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'

const bed = useBed()
const keptAddress = { 'Headgate sees': 'the client', 'the app sees': 'a Headgate pod' }

const layer2: OverlayOptions = {
  folder: 'overlays/metallb-l2',
  components: ['dual-stack'],
  patches: [addresses('198.51.100.200-198.51.100.209', '2001:db8:51::200-2001:db8:51::20f')],
}
const bgp: OverlayOptions = {
  folder: 'overlays/metallb-bgp',
  patches: [{ kind: 'BGPPeer', operations: [{ op: 'replace', path: '/spec/peerAddress', value: '198.51.100.100' }] }],
}

let metallb: Awaited<ReturnType<typeof installMetallb>> | undefined
let router: Bird | undefined

beforeAll(async () => {
  await Promise.all([
    deployApp(bed),
    installMetallb(bed).then((installed) => {
      metallb = installed
    }),
  ])
  // Programs of MetalLB that no bed has had yet are built first.
}, 600_000)

afterAll(async () => {
  await router?.stop()
  await Promise.all([removeOverlay(bed, bgp), removeApp(bed)])
  await metallb?.remove()
})

describe('MetalLB gives the Service of an overlay its address', () => {
  it('by ARP and NDP from one node, and from another one when that dies', async () => {
    const row = await tryWay(bed, {
      name: 'MetalLB, layer 2',
      overlay: layer2,
      keepsPods: false,
      entry: announcingNode,
      urls: { ARP: 'http://198.51.100.200/', NDP: 'http://[2001:db8:51::200]/' },
      async whenNodeDies(probe, cutAt) {
        const answerBy = async (target: string): Promise<string> => {
          await probe.first(cutAt, (one) => one.target === target && one.error !== undefined)
          const { endedAt } = await probe.answered(target, cutAt)
          return inSeconds(endedAt - cutAt)
        }
        const [arp, ndp] = await Promise.all([answerBy('ARP'), answerBy('NDP')])
        return `another node answers after ${arp} (IPv4), ${ndp} (IPv6)`
      },
    })
    expect(row.facts).toEqual(keptAddress)
    publish('layer 2', [row])
  })

  it('not for IPv6 by BGP: its native mode refuses', async () => {
    await clearConfiguration()
    const name = { name: 'ipv6', namespace: 'metallb-system' }
    const kind = (kind: string, spec: object) => ({ apiVersion: 'metallb.io/v1beta1', kind, metadata: name, spec })
    await admitted(() => applyObjects(bed, [kind('IPAddressPool', { addresses: ['2001:db8:203::/112'] })]))
    await expect(applyObjects(bed, [kind('BGPAdvertisement', { ipAddressPools: ['ipv6'] })])).rejects.toThrow(
      'pool "ipv6" has ipv6 CIDR 2001:db8:203::/112, native bgp mode does not support ipv6',
    )
    await clearConfiguration()
  })

  it('by BGP from both nodes, and connections through the other one outlive the one that withdraws or dies', async () => {
    const neighbours = bed.nodes.map(({ name, ipv4 = '' }) => ({ name, address: ipv4 }))
    router = await startBird((command, args) => bed.runAsClient(command, args), routerConfig('ipv4', neighbours))
    const url = 'http://203.0.113.32/'
    const deployed = await deployWay(bed, { overlay: bgp, keepsPods: false, urls: { address: url } })
    expect(deployed.facts).toEqual(keptAddress)
    const exclude = 'node.kubernetes.io/exclude-from-external-load-balancers'
    const row = await tryEcmp(bed, {
      name: 'MetalLB, BGP (IPv4)',
      url,
      withdraw: async (node) => void (await bed.kubectl(['label', 'node', node, `${exclude}=`])),
      announce: async (node) => void (await bed.kubectl(['label', 'node', node, `${exclude}-`])),
      routes: (count) => hasRoutes(bed, '203.0.113.32', count),
    })
    publish('BGP by MetalLB', [{ ...row, facts: { ...deployed.facts, ...row.facts } }])
  })
})

/** The overlays of MetalLB have objects of the same name. */
async function clearConfiguration(): Promise<void> {
  const kinds = 'ipaddresspool,l2advertisement,bgpadvertisement,bgppeer'
  await admitted(() => bed.kubectl(['delete', kinds, '--all', '-n', 'metallb-system']))
}

function addresses(...ranges: string[]) {
  return { kind: 'IPAddressPool', operations: [{ op: 'replace', path: '/spec/addresses', value: ranges }] } as const
}

async function announcingNode(): Promise<string> {
  const path = 'jsonpath={.items[*].status.node}'
  return until('a node announces', async () => {
    const [node] = (await bed.kubectl(['get', 'servicel2statuses', '-A', '-o', path])).split(' ')
    return node === '' ? undefined : node
  })
}
