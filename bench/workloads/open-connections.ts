import { openIdle } from '../load/idle.ts'
import { runClosedLoop } from './closed-loop.ts'
import { type Bench, baselineOf, defaults, type Entrant, entrantsOf, type Workload } from './workload.ts'

const counts = [1, 64, 1_000, 10_000]
const active = 64

/** What a request costs beside connections that do nothing. */
export function openConnections(bench: Bench): Workload {
  const able = entrantsOf(bench, ['gateway'])
  const baseline = baselineOf(able.map(({ label }) => label))
  const open = new Map<string, number>()
  const entrants = counts.flatMap((count) =>
    able.map(({ peer, setup }): Entrant => {
      open.set(labelOf(peer.name, count), count)
      return { label: labelOf(peer.name, count), peer, setup, comparedTo: labelOf(baseline, count) }
    }),
  )
  return {
    ...defaults,
    name: 'open-connections',
    title: 'Small GET beside open connections',
    notes: [`At most ${active} of the connections are active. Ratios are to ${baseline} with as many.`],
    loadBy: bench.tools.closedLoop.name,
    entrants,
    share: 0.34,
    maxRounds: 3,
    async measure({ label }, instance, seconds) {
      const count = open.get(label) ?? 0
      const load = () =>
        runClosedLoop(bench, instance, { path: '/', tls: false }, { seconds, connections: Math.min(count, active) })
      if (count <= active) return load()
      const idle = await openIdle(bench.coresFor(1).load, {
        port: instance.port,
        protocol: 'plain',
        count: count - active,
      })
      const sample = await load()
      const lost = await idle.close()
      return { ...sample, errors: sample.errors + lost + (count - active - idle.opened) }
    },
  }
}

function labelOf(name: string, count: number): string {
  return `${name}, ${count.toLocaleString('en')} open`
}
