import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamOptions } from '../../test/cluster/client/report.ts'
import type { Bed } from '../../test/cluster/support/bed.ts'
import { numberedHost } from '../../test/cluster/support/many-ingresses.ts'
import { patchObject } from '../../test/cluster/support/objects.ts'
import { startTraffic } from '../../test/cluster/support/traffic.ts'
import { namespaceName } from './ingresses.ts'
import { measureIngressChanges } from './measure.ts'
import { type Spread, spreadOf } from './statistics.ts'
import { hostPatch, nodePortOf, type World } from './world.ts'

export type Churn = {
  readonly changes: number
  readonly requests: number
  readonly failed: number
  /** Of requests to hosts that do not change, in milliseconds. */
  readonly quiet: { readonly p50: number; readonly p99: number }
  readonly busy: { readonly p50: number; readonly p99: number }
  /** Milliseconds from the answer to a change until it was served, meanwhile. */
  readonly propagation: Spread
}

export const changesPerSecond = 100
const requestsPerSecond = 300

/** A hundred Ingresses a second get another host, while the client asks for others. */
export async function measureChurn(bed: Bed, world: World, size: number, seconds: number): Promise<Churn> {
  const quiet = await requests(bed, world, size, () => sleep(10_000))
  let changes = 0
  let propagation: Spread | undefined
  const busy = await requests(bed, world, size, async () => {
    const end = performance.now() + seconds * 1000
    const isOver = (): boolean => performance.now() > end
    const changing = changeSteadily(bed, size, isOver)
    propagation = spreadOf((await measureIngressChanges(bed, world, isOver)).first)
    changes = await changing
  })
  if (propagation === undefined) throw new Error('nothing was measured')
  return {
    changes,
    requests: busy.sent,
    failed: busy.failed,
    quiet: quiet.milliseconds,
    busy: busy.milliseconds,
    propagation,
  }
}

async function requests(bed: Bed, { headgate }: World, size: number, work: () => Promise<void>) {
  const { address, port } = nodePortOf(bed, headgate)
  const urls = [`http://${address.includes(':') ? `[${address}]` : address}:${port}/`]
  const hosts = Array.from({ length: 10 }, (_, index) => numberedHost(index * Math.floor(size / 10)))
  const streams = hosts.map(
    (host): StreamOptions => ({ name: host, urls, host, rate: requestsPerSecond / hosts.length }),
  )
  const traffic = await startTraffic(bed, { streams })
  await work()
  const report = await traffic.stop()
  const [{ milliseconds } = { milliseconds: { p50: 0, p99: 0, max: 0 } }] = Object.values(report.streams).toSorted(
    (a, b) => b.milliseconds.p99 - a.milliseconds.p99,
  )
  return { sent: report.sent, failed: report.failed, milliseconds }
}

/** How many changes there were. */
async function changeSteadily(bed: Bed, size: number, isOver: () => boolean): Promise<number> {
  let count = 0
  const failures: unknown[] = []
  for (let due = performance.now(); !isOver(); due += 1000 / changesPerSecond) {
    // None of those that are asked for.
    const index = (count++ * 7) % size
    if (index % Math.floor(size / 10) !== 0) {
      const path = `/apis/networking.k8s.io/v1/namespaces/${namespaceName(index)}/ingresses/web-${index}`
      patchObject(bed, path, hostPatch(`${count}.${numberedHost(index)}`)).catch((error: unknown) =>
        failures.push(error),
      )
    }
    await sleep(Math.max(0, due - performance.now()))
  }
  if (failures.length > 0) throw failures[0]
  return count
}
