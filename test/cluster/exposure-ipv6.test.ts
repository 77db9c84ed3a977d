import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backend, importEverywhere } from './bed/add-ons.ts'
import { buildHeadgateImage } from './bed/headgate-image.ts'
import { placeOf } from './bed/place.ts'
import { terminalProgress } from './bed/progress.ts'
import { openBed } from './bed/running-bed.ts'
import { readState } from './bed/state.ts'
import { tearDown } from './bed/teardown.ts'
import { up } from './bed/up.ts'
import { loadBalancer } from './support/balancer.ts'
import type { Bed } from './support/bed.ts'
import { deployApp } from './support/exposed-app.ts'
import { tryWay } from './support/exposure.ts'
import { publish } from './support/measured.ts'
import { useBed } from './support/use-bed.ts'

// Beside the bed of the other tests, which has both families.
const name = `${useBed().name}ipv6`

let bed: Bed | undefined

beforeAll(async () => {
  const progress = terminalProgress()
  await up({ name, family: 'ipv6', nodeCount: 2, addOns: [backend] }, progress)
  const state = readState(name)
  if (state === undefined) throw new Error(`bed ${name} is gone`)
  await importEverywhere(placeOf(state), [await buildHeadgateImage(progress)])
  bed = openBed(name)
  await deployApp(bed)
}, 300_000)

afterAll(() => tearDown(name))

describe('in a cluster without IPv4 the application is reached from outside', () => {
  it('by the overlay ipv6-only, the address kept', async () => {
    if (bed === undefined) throw new Error('no bed')
    const way = { name: 'IPv6 only (LoadBalancer)', overlay: 'ipv6-only', keepsPods: false, entry: 'n1', other: 'n2' }
    const row = await tryWay(bed, loadBalancer(bed, { ...way, addresses: ['2001:db8:203::80'] }))
    expect(row.facts).toEqual({ 'Headgate sees': 'the client', 'the app sees': 'a Headgate pod' })
    publish('IPv6 only', [row])
  })
})
