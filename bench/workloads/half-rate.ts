import type { Instance } from '../measure/instances.ts'
import { measureLoad, type Sample } from '../measure/sample.ts'
import { runClosedLoop } from './closed-loop.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

/** Latency says something only where the proxy is not the queue: at half of what it can do. */
export function halfRate(bench: Bench): Workload {
  const capacity = new Capacity(bench)
  return {
    ...defaults,
    name: 'half-rate',
    title: 'Latency at half of the capacity',
    notes: [
      'Small GET over 64 connections at a fixed rate: half of what the same proxy did in a closed loop just before. Latencies count from when a request was due.',
    ],
    loadBy: bench.tools.fixedRate.name,
    entrants: entrantsOf(bench, ['upstream']),
    share: 0.67,
    measure: (_entrant, instance, seconds) => atHalfRate(bench, capacity, instance, seconds),
  }
}

export async function atHalfRate(
  bench: Bench,
  capacity: Capacity,
  instance: Instance,
  seconds: number,
): Promise<Sample> {
  const requestsPerSecond = Math.floor((await capacity.of(instance)) / 2)
  const options = { port: instance.port, requestsPerSecond, seconds, connections: 64 }
  return measureLoad(instance, () => bench.tools.fixedRate.run(bench.coresFor(1).load, options))
}

/** Requests per second of each proxy, measured when first asked for. */
export class Capacity {
  readonly #bench: Bench
  readonly #known = new Map<string, number>()

  constructor(bench: Bench) {
    this.#bench = bench
  }

  async of(instance: Instance): Promise<number> {
    const known = this.#known.get(instance.peer.name)
    if (known !== undefined) return known
    const load = { seconds: 2, connections: 64 }
    const { requestsPerSecond } = await runClosedLoop(this.#bench, instance, { path: '/', tls: false }, load)
    this.#known.set(instance.peer.name, requestsPerSecond)
    return requestsPerSecond
  }
}
