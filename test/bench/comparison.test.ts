import { describe, expect, it } from 'vitest'
import { compareCase, formatComparison } from '../../bench/micro/harness/comparison.ts'

const verdictOf = (before: readonly number[], after: readonly number[]) =>
  compareCase('match', 'case', before, after).verdict

describe('two commits side by side', () => {
  it('says nothing about less than 5 %', () => {
    expect(verdictOf([100, 100, 100], [104, 104, 104])).toBe('same')
  })

  it('tells slower from faster', () => {
    expect(verdictOf([100, 101, 102], [110, 111, 112])).toBe('slower')
    expect(verdictOf([110, 111, 112], [100, 101, 102])).toBe('faster')
  })

  it('calls it noise where a round of one side could be one of the other', () => {
    expect(verdictOf([100, 101, 111], [110, 112, 113])).toBe('noise')
    expect(verdictOf([112, 113, 110], [111, 101, 100])).toBe('noise')
  })

  it('calls it noise where the rounds of one side differ by as much', () => {
    expect(verdictOf([100, 110, 120], [121, 122, 123])).toBe('noise')
  })

  it('leaves out the slowest of many rounds: something else was going on', () => {
    expect(verdictOf([100, 101, 102, 103, 250], [110, 111, 112, 113, 114])).toBe('slower')
  })

  it('compares medians', () => {
    expect(compareCase('match', 'case', [90, 100, 120], [180, 200, 210])).toMatchObject({
      before: 100,
      after: 200,
      change: 100,
    })
  })

  it('marks what changed in the table', () => {
    const table = formatComparison([compareCase('match', 'a host', [100, 101, 102], [150, 151, 152])], ['old', 'new'])
    expect(table).toMatch(/^match: a host +101 ns +151 ns +\+49\.5 % +2\.0 % +SLOWER$/m)
  })
})
