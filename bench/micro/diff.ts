import { createTableBuilder } from '../../src/router/build.ts'
import { diffTables } from '../../src/router/diff.ts'
import { applyPatch, applyPatchInPlace } from '../../src/router/patch.ts'
import type { Case } from './harness/case.ts'
import { ingress, inputOf, options, slice, world } from './inputs/world.ts'

/** What each change costs the control plane (diff) and each worker (patch), at 20,000 hosts. */
export function cases(): readonly Case[] {
  const state = world(10_000)
  const build = createTableBuilder(options)
  const before = build(inputOf(state)).table
  const ingresses = new Map(state.ingresses).set('default/i77', ingress(77, '/other'))
  const afterIngress = build(inputOf({ ...state, ingresses })).table
  const endpointSlices = new Map(state.endpointSlices).set('default/s77', slice(77, 2))
  const afterSlice = build(inputOf({ ...state, endpointSlices })).table
  const there = diffTables(before, afterIngress)
  const back = diffTables(afterIngress, before)
  let mine = applyPatch(undefined, diffTables(undefined, before))
  return [
    { name: 'diff, nothing changed', run: () => diffTables(before, before) },
    { name: 'diff, one Ingress changed', run: () => diffTables(before, afterIngress) },
    { name: 'diff, one EndpointSlice changed', run: () => diffTables(before, afterSlice) },
    { name: 'patch, one Ingress, copying', run: () => applyPatch(before, there) },
    {
      name: 'patch, one Ingress, in place',
      run: (at) => {
        mine = applyPatchInPlace(mine, at % 2 === 0 ? there : back)
        return mine
      },
    },
  ]
}
