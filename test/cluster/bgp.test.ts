import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../manifests/object.ts'
import { type Bird, routerConfig, startBird } from './support/bird.ts'
import { succeeded } from './support/client-routes.ts'
import { hasRoutes, tryEcmp } from './support/ecmp.ts'
import { deployApp, removeApp } from './support/exposed-app.ts'
import { deployWay } from './support/exposure.ts'
import { publish } from './support/measured.ts'
import { getObject, patchObject } from './support/objects.ts'
import { type OverlayOptions, removeOverlay } from './support/overlay.ts'
import { useBed } from './support/use-bed.ts'

const recipe = fileURLToPath(new URL('../../docs/bgp-on-nodes/', import.meta.url))

const bed = useBed()
const address = '2001:db8:203::80'
const overlay: OverlayOptions = { folder: 'overlays/loadbalancer', components: ['ipv6-only'] }
const service = '/api/v1/namespaces/headgate/services/headgate'
const birds = new Map<string, Bird>()
const checks: number[] = []

beforeAll(() => deployApp(bed))

afterAll(async () => {
  for (const check of checks) process.kill(check)
  await Promise.all([...birds.values()].map((bird) => bird.stop()))
  await Promise.all([removeOverlay(bed, overlay), removeApp(bed)])
})

describe('the recipe docs/bgp-on-nodes: BIRD on each node announces an IPv6 address', () => {
  it('from both nodes, and connections through the other one outlive the one that withdraws or dies', async () => {
    const neighbours = bed.nodes.map(({ name, ipv6 = '' }) => ({ name, address: ipv6 }))
    const router = routerConfig('ipv6', neighbours, 'bfd on;')
    birds.set('router', await startBird((command, args) => bed.runAsClient(command, args), router))
    const url = `http://[${address}]/`
    const deployed = await deployWay(bed, { overlay, keepsPods: false, urls: { address: url }, inFront: announce })
    expect(deployed.facts).toEqual({ 'Headgate sees': 'the client', 'the app sees': 'a Headgate pod' })
    const row = await tryEcmp(bed, {
      name: 'BIRD on the nodes, BGP with BFD (IPv6)',
      url,
      withdraw: async (node) => void (await birds.get(node)?.command('disable', 'headgate')),
      announce: async (node) => void (await birds.get(node)?.command('enable', 'headgate')),
      routes: (count) => hasRoutes(bed, address, count),
    })
    publish('BGP on the nodes', [{ ...row, facts: { ...deployed.facts, ...row.facts } }])
  })
})

/** The address goes into the status of the Service; each node has BIRD and the check that tells it whether a pod is ready. */
async function announce(): Promise<void> {
  await patchObject(bed, `${service}/status`, { status: { loadBalancer: { ingress: [{ ip: address }] } } })
  const port = String(at(await getObject(bed, service), 'spec.healthCheckNodePort'))
  const config = await readFile(`${recipe}bird.conf`, 'utf8')
  for (const { name, ipv4 = '', ipv6 = '' } of bed.nodes) {
    const runThere = (command: string, args: readonly string[]) => bed.runOnNode(name, command, args)
    const bird = await startBird(runThere, config.replace('198.51.100.11', ipv4))
    birds.set(name, bird)
    const check = `sh ${recipe}health.sh [${ipv6}] ${port} ${bird.socket} >/dev/null 2>&1 & echo $!`
    checks.push(Number(succeeded(await runThere('sh', ['-c', check]))))
  }
}
