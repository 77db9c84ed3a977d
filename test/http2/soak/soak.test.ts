import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SoakBed, startSoakBed } from './bed.ts'
import { useUpCredit } from './credit.ts'
import { soak } from './soak.ts'

describe.each([
  ['with TLS', true, 1],
  ['without', false, 2],
])('an HTTP/2 connection %s', (_how, isTls, seed) => {
  let bed: SoakBed

  beforeAll(async () => {
    bed = await startSoakBed({ isTls })
  })

  afterAll(() => bed.close())

  it(`with requests of every kind gives each its own answer, or the reset it asked for: seed ${seed}`, async () => {
    const { where, endpoint } = bed
    const counts = await soak({ where, endpoint, seed, from: 0, connections: 16, atOnce: 8, untilMs: Infinity })
    expect(counts.requests).toBeGreaterThan(150)
  })

  it('gives all credit back: 50 times its windows pass, half of it on streams that are given up', async () => {
    const { up, down } = await useUpCredit(bed.where, bed.endpoint)
    expect(up).toBeGreaterThan(50 * 65_535)
    expect(down).toBeGreaterThan(50 * 65_535)
  })

  it('leaves nothing open, on either side', () => bed.untilQuiet())
})
