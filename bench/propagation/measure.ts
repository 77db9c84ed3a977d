import { setTimeout as sleep } from 'node:timers/promises'
import type { Bed } from '../../test/cluster/support/bed.ts'
import type { Probe } from './probe-client.ts'
import { changing, hostPatch, moving, slicePatch, type World, watchFromNow } from './world.ts'

/** Milliseconds from the API server's answer to a change until it was there. */
export type Samples = {
  /** For a bare watch: what nobody can be faster than. */
  readonly watch: number[]
  /** Served over the first connection, and over every one. */
  readonly first: number[]
  readonly every: number[]
}

export type Measured = { readonly ingress: Samples; readonly endpoints: Samples }

type Step = { readonly path: string; readonly patch: object; readonly host: string; readonly pod?: string }

/** No host is used twice: what was served once would be served before the change. */
let hosts = 0

/** `count`: of each kind; even, as the endpoint goes there and back. */
export async function measureChanges(bed: Bed, world: World, count: number): Promise<Measured> {
  // Connections are dealt out in turn, so two reach both workers of the manifests.
  const probe = await world.openProbe(2)
  try {
    await probe.watch(await watchFromNow(bed, changing.watch))
    const ingress = await measure(probe, newHost, (done) => done === count)
    await probe.watch(await watchFromNow(bed, moving.watch))
    const otherPod = (index: number): Step => {
      const pod = world.pods[index % 2 === 0 ? 1 : 0]
      return { path: moving.path, patch: slicePatch(pod), host: moving.host, pod: pod.name }
    }
    const endpoints = await measure(probe, otherPod, (done) => done === count)
    return { ingress, endpoints }
  } finally {
    probe.close()
  }
}

export async function measureIngressChanges(bed: Bed, world: World, isOver: () => boolean): Promise<Samples> {
  const probe = await world.openProbe(2)
  try {
    await probe.watch(await watchFromNow(bed, changing.watch))
    return await measure(probe, newHost, isOver)
  } finally {
    probe.close()
  }
}

function newHost(): Step {
  const host = `changing-${hosts++}.example.com`
  return { path: changing.path, patch: hostPatch(host), host }
}

async function measure(
  probe: Probe,
  step: (index: number) => Step,
  isOver: (done: number) => boolean,
): Promise<Samples> {
  const samples: Samples = { watch: [], first: [], every: [] }
  for (let index = 0; !isOver(index); index++) {
    const { acknowledgedAt, resourceVersion, firstAt, lastAt } = await probe.change({ id: index, ...step(index) })
    samples.watch.push((await probe.eventAt(resourceVersion)) - acknowledgedAt)
    samples.first.push(firstAt - acknowledgedAt)
    samples.every.push(lastAt - acknowledgedAt)
    // In no step with anything that ticks.
    await sleep(20 + Math.random() * 80)
  }
  return samples
}
