import { describe, expect, it } from 'vitest'
import { availableCores, coresOf, countCpuList } from '../../src/config/cores.ts'

describe('the cores of a container', () => {
  it.each([
    ['', 8, 8],
    ['max 100000', 8, 8],
    ['200000 100000', 8, 2],
    ['150000 100000', 8, 2],
    ['10000 100000', 8, 1],
    ['400000 100000', 2, 2],
    ['rubbish', 3, 3],
  ])('with cpu.max "%s" on %i are %i', (cpuMax, allowed, expected) => {
    expect(coresOf(cpuMax, allowed)).toBe(expected)
  })

  it.each([
    ['0', 1],
    ['0-3', 4],
    ['0-3,8,10-11', 7],
    ['', 0],
    ['rubbish', 0],
  ])('in the CPU list "%s" are %i', (list, expected) => {
    expect(countCpuList(list)).toBe(expected)
  })

  it('are at least one on this machine', () => {
    expect(availableCores()).toBeGreaterThanOrEqual(1)
  })
})
