import { setTimeout as sleep } from 'node:timers/promises'
import { openIdle } from '../load/idle.ts'
import { measureLoad } from '../measure/sample.ts'
import { maxOpenFiles } from '../support/open-files.ts'
import { residentOfTree } from '../support/process-cpu.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

const count = 10_000
/** For what the opening has left behind. */
const settleMs = 1_000

/** Resident memory of a connection that has had a request answered and now does nothing. */
export function idleMemory(bench: Bench, tls: boolean): Workload {
  return {
    ...defaults,
    name: tls ? 'idle-memory-tls' : 'idle-memory',
    title: `Memory of an idle connection${tls ? ', TLS' : ''}`,
    notes: [
      `${count.toLocaleString('en')} connections, each after one request, to a proxy that was just started and warmed up.`,
    ],
    loadBy: 'our own client',
    entrants: entrantsOf(bench, ['gateway']),
    unavailable: maxOpenFiles() < count + 1_000 ? `ulimit -Hn is ${maxOpenFiles()}` : undefined,
    maxRounds: tls ? 2 : 3,
    isFresh: true,
    figure: 'memory',
    async measure(_entrant, instance) {
      const before = residentOfTree(instance.pid)
      let after = before
      const sample = await measureLoad(instance, async () => {
        const startedAt = performance.now()
        const idle = await openIdle(bench.coresFor(1).load, {
          port: tls ? instance.tlsPort : instance.port,
          tls,
          count,
        })
        const seconds = (performance.now() - startedAt) / 1000
        await sleep(settleMs)
        after = residentOfTree(instance.pid)
        const lost = await idle.close()
        const latency = { p50: Number.NaN, p99: Number.NaN, p999: Number.NaN }
        return { requests: idle.opened, errors: lost + count - idle.opened, seconds, latency }
      })
      return { ...sample, extras: { bytesPerConnection: (after - before) / count, residentBytes: after } }
    },
  }
}
