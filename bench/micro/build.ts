import { createTableBuilder } from '../../src/router/build.ts'
import type { Case } from './harness/case.ts'
import { ingress, inputOf, options, slice, world } from './inputs/world.ts'

// Wanted at 10,000 Ingresses, 20,000 hosts: from scratch < 1 s, one Ingress < 20 ms, one EndpointSlice < 5 ms.

export function cases(): readonly Case[] {
  return [1_000, 10_000].flatMap(casesOf)
}

function casesOf(size: number): readonly Case[] {
  const state = world(size)
  const label = `${size.toLocaleString('en')} Ingresses`
  const builder = createTableBuilder(options)
  builder(inputOf(state))
  return [
    { name: `${label}, from scratch`, run: () => createTableBuilder(options)(inputOf(state)) },
    {
      name: `${label}, one Ingress changed`,
      run: (at) => {
        const ingresses = new Map(state.ingresses).set('default/i77', ingress(77, `/api${at}`))
        return builder(inputOf({ ...state, ingresses }))
      },
    },
    {
      name: `${label}, one EndpointSlice changed`,
      run: (at) => {
        const endpointSlices = new Map(state.endpointSlices).set('default/s77', slice(77, (at % 250) + 2))
        return builder(inputOf({ ...state, endpointSlices }))
      },
    },
  ]
}
