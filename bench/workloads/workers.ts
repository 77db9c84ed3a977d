import { plainSetup } from '../peers/peer.ts'
import { closedLoop } from './closed-loop.ts'
import { type Bench, type Entrant, entrantsOf, type Workload } from './workload.ts'

export function workers(bench: Bench): Workload {
  const entrants = entrantsOf(bench, ['workers']).flatMap(({ peer }) =>
    [1, 2].map(
      (count): Entrant => ({
        label: labelOf(peer.name, count),
        peer,
        setup: { ...plainSetup, workers: count },
        comparedTo: labelOf(peer.name, 1),
      }),
    ),
  )
  const { proxy, areShared } = bench.coresFor(2)
  const where = areShared
    ? 'Two workers share their cores with the load generator here, which is the limit: their requests per second say nothing. With cores of their own they would do 2 / ratio.'
    : `Two workers have the cores ${proxy}.`
  return {
    ...closedLoop(bench, {
      name: 'workers',
      title: 'One worker and two',
      notes: [`Small GET, 128 connections. Ratios are to the same proxy with one worker. ${where}`],
      entrants,
      share: 0.67,
      connections: 128,
    }),
    maxRounds: 3,
    alsoCompared: { head: 'requests/s vs one', figure: ({ requestsPerSecond }) => requestsPerSecond },
  }
}

function labelOf(name: string, count: number): string {
  return `${name}, ${count === 1 ? 'one worker' : `${count} workers`}`
}
