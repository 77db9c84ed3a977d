import { Balancer } from '../../src/proxy/balancer.ts'
import { buildRoutingTable } from '../../src/router/build.ts'
import type { Backend } from '../../src/router/table.ts'
import type { Case } from './harness/case.ts'
import { inputOf, options, world } from './inputs/world.ts'

export function cases(): readonly Case[] {
  const { table } = buildRoutingTable(inputOf(world(1_000)), options)
  const backends: readonly Backend[] = [...table.backends.values()]
  const [first] = backends
  if (first === undefined) throw new Error('the table has no backends')
  const tried = first.endpoints.slice(0, 1).map(({ id }) => id)
  const gone = new Balancer({ ejected: new Set(tried) })
  const balancer = new Balancer()
  return [
    { name: 'one backend, 3 endpoints', run: () => balancer.pick(first, []) },
    {
      name: '1,000 backends in turn',
      run: (at) => {
        const backend = backends[at % backends.length]
        return backend && balancer.pick(backend, [])
      },
    },
    { name: 'second attempt', run: () => balancer.pick(first, tried) },
    { name: 'one of 3 ejected', run: () => gone.pick(first, []) },
  ]
}
