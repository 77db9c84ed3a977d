import { at, list } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'
import { removeRoute, routeVia } from './client-routes.ts'
import type { Way } from './exposure.ts'
import { inSeconds } from './measured.ts'
import { getObject, patchObject } from './objects.ts'
import { until } from './until.ts'

export type BalancerOptions = {
  readonly name: string
  readonly overlay: string
  readonly keepsPods: boolean
  /** The node that packets are sent to first, and the one after that. */
  readonly entry: string
  readonly other: string
  readonly addresses: readonly string[]
}

const service = '/api/v1/namespaces/headgate/services/headgate'

/** The test is the controller that gives the addresses, and the balancer that asks for the health of the nodes. */
export function loadBalancer(bed: Bed, options: BalancerOptions): Way {
  const { name, overlay, keepsPods, entry, other, addresses } = options
  return {
    name,
    overlay: { folder: `overlays/${overlay}` },
    keepsPods,
    entry,
    urls: Object.fromEntries(addresses.map((one) => [one, `http://${one.includes(':') ? `[${one}]` : one}/`])),
    async inFront() {
      for (const address of addresses) await routeVia(bed, address, entry)
      const ingress = addresses.map((ip) => ({ ip }))
      await patchObject(bed, `${service}/status`, { status: { loadBalancer: { ingress } } })
      await until('the Ingress has the addresses', async () => {
        const app = await getObject(bed, '/apis/networking.k8s.io/v1/namespaces/exposure/ingresses/app')
        const published = list(at(app, 'status.loadBalancer.ingress')).map((one) => at(one, 'ip'))
        return published.toSorted().join() === addresses.toSorted().join()
      })
    },
    async whenNodeDies(probe, cutAt) {
      const port = Number(at(await getObject(bed, service), 'spec.healthCheckNodePort'))
      await until('the health check of the dead node fails', async () => (await health(bed, entry, port)) !== 200)
      const failedAt = Date.now()
      await until('the health check of the other succeeds', async () => (await health(bed, other, port)) === 200)
      for (const address of addresses) await routeVia(bed, address, other)
      const routedAt = Date.now()
      const answers = await Promise.all(addresses.map((one) => probe.answered(one, routedAt)))
      for (const address of addresses) await removeRoute(bed, address)
      const thenMs = Math.max(...answers.map(({ endedAt }) => endedAt)) - routedAt
      return `nothing, until the balancer's check fails (here ${inSeconds(failedAt - cutAt)}), then ${inSeconds(thenMs)}`
    },
  }
}

async function health(bed: Bed, nodeName: string, port: number): Promise<number> {
  const node = bed.nodes.find(({ name }) => name === nodeName)
  const host = node?.ipv4 ?? `[${node?.ipv6}]`
  const options = ['-s', '-m', '1', '-o', '/dev/null', '-w', '%{http_code}']
  return Number((await bed.runAsClient('curl', [...options, `http://${host}:${port}/healthz`])).stdout)
}
