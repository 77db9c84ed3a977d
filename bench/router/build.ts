import { createTableBuilder } from '../../src/router/build.ts'
import { diffTables } from '../../src/router/diff.ts'
import { ingress, inputOf, options, slice, world } from './world.ts'

// Wanted at 10 000 Ingresses, 20 000 hosts: from scratch < 1 s, one Ingress < 20 ms, one EndpointSlice < 5 ms.

const size = 10_000
const state = world(size)

function report(what: string, run: (round: number) => void): void {
  const times = Array.from({ length: 15 }, (_, round) => {
    const start = performance.now()
    run(round)
    return performance.now() - start
  }).sort((a, b) => a - b)
  console.log(`${what.padEnd(36)} median ${times[7]?.toFixed(2)} ms, worst ${times[14]?.toFixed(2)} ms`)
}

report('from scratch', () => createTableBuilder(options)(inputOf(state)))

const build = createTableBuilder(options)
let table = build(inputOf(state)).table
let current = state
report('one Ingress changed', (round) => {
  const ingresses = new Map(current.ingresses).set('default/i77', ingress(77, `/api${round}`))
  current = { ...current, ingresses }
  table = build(inputOf(current)).table
})
report('one EndpointSlice changed', (round) => {
  const endpointSlices = new Map(current.endpointSlices).set('default/s77', slice(77, round + 2))
  current = { ...current, endpointSlices }
  table = build(inputOf(current)).table
})
report('one EndpointSlice changed, and diff', (round) => {
  const endpointSlices = new Map(current.endpointSlices).set('default/s77', slice(77, round + 50))
  current = { ...current, endpointSlices }
  const before = table
  table = build(inputOf(current)).table
  diffTables(before, table)
})
