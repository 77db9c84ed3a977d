import { setTimeout as sleep } from 'node:timers/promises'
import type { IdleConnections } from '../load/clients/idle-connections.ts'
import { openIdle } from '../load/idle.ts'
import { measureLoad } from '../measure/sample.ts'
import { maxOpenFiles } from '../support/open-files.ts'
import { residentOfTree } from '../support/process-cpu.ts'
import { type Bench, defaults, entrantsOf, type Workload } from './workload.ts'

const count = 10_000
/** For what the opening has left behind. */
const settleMs = 1_000

const names = { plain: 'idle-memory', tls: 'idle-memory-tls', h2: 'idle-memory-h2' } as const
const titles = { plain: '', tls: ', TLS', h2: ', HTTP/2, TLS' } as const

/** Resident memory of a connection that has had a request answered and now does nothing. */
export function idleMemory(bench: Bench, protocol: IdleConnections['protocol']): Workload {
  const isPlain = protocol === 'plain'
  return {
    ...defaults,
    name: names[protocol],
    title: `Memory of an idle connection${titles[protocol]}`,
    notes: [
      `${count.toLocaleString('en')} connections, each after one request, to a proxy that was just started and warmed up.`,
    ],
    loadBy: 'our own client',
    entrants: entrantsOf(bench, ['gateway']),
    unavailable: maxOpenFiles() < count + 1_000 ? `ulimit -Hn is ${maxOpenFiles()}` : undefined,
    maxRounds: isPlain ? 3 : 2,
    isFresh: true,
    figure: 'memory',
    async measure(_entrant, instance) {
      const before = residentOfTree(instance.pid)
      let after = before
      const sample = await measureLoad(instance, async () => {
        const startedAt = performance.now()
        const idle = await openIdle(bench.coresFor(1).load, {
          port: isPlain ? instance.port : instance.tlsPort,
          protocol,
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
