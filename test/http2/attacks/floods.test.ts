import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { attack, fateOf, openAttack } from './attack.ts'
import { type AttackBed, startAttackBed } from './bed.ts'
import { headerFloods, idleFloods, resetFloods } from './floods.ts'

let bed: AttackBed

beforeAll(async () => {
  bed = await startAttackBed()
})

afterAll(() => bed.close())

describe.each([
  ['frames that bring nothing forward', idleFloods],
  ['requests that come to nothing', resetFloods],
  ['header lists without an end', headerFloods],
])('a client that floods its connection with %s', (_what, floods) => {
  it.each(floods)('is sent away: $name', async (flood) => {
    const before = bed.seen('/slow')
    const wire = await openAttack(bed.where, flood)
    onTestFinished(() => wire.close())
    const steps = await attack(wire, flood, flood.most ?? 0)
    expect(await bed.askAsOther()).toBe(200)
    await wire.untilEnd()
    expect(await fateOf(wire, steps)).toMatchObject({ ended: true, goaway: flood.code })
    expect(bed.seen('/slow') - before).toBeLessThanOrEqual(flood.requests)
  })
})

describe('after all of them', () => {
  it('nothing is left open', () => bed.untilQuiet())
})
