import { Counters } from '../../src/proxy/counters.ts'
import { buildRoutingTable } from '../../src/router/build.ts'
import { match } from '../../src/router/match.ts'
import type { Case } from './harness/case.ts'
import { inputOf, options, question, world } from './inputs/world.ts'

export function cases(): readonly Case[] {
  const { table } = buildRoutingTable(inputOf(world(1_000)), options)
  const routes = Array.from({ length: 1_000 }, (_, n) => match(table, question(`a${n}.example.com`, '/')))
  const counters = new Counters()
  return [
    { name: 'one route', run: () => counters.countRequest(routes[0], 'GET', 200, 0.003) },
    {
      name: '1,000 routes in turn',
      run: (at) => counters.countRequest(routes[at % 1_000], 'POST', 404, (at & 1023) / 1024),
    },
    { name: 'no route', run: () => counters.countRequest(undefined, 'GET', 404, 0.001) },
  ]
}
