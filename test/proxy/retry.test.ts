import { describe, expect, it } from 'vitest'
import type { UpstreamErrorReason } from '../../src/proxy/counters.ts'
import { mayRetry, RetryBudget } from '../../src/proxy/retry.ts'

type Row = readonly [
  method: string,
  reason: UpstreamErrorReason,
  requestSent: boolean,
  attempts: number,
  committed: boolean,
  bodyReplayable: boolean,
  expected: boolean,
]

const rows: readonly Row[] = [
  // Nobody has seen the request: any method.
  ['GET', 'connect-refused', false, 1, false, true, true],
  ['POST', 'connect-refused', false, 1, false, true, true],
  ['POST', 'connect-timeout', false, 2, false, true, true],
  ['POST', 'connect-refused', false, 3, false, true, false],
  ['POST', 'connect-refused', false, 1, false, false, false],
  // Somebody may have worked on it: only what can be done twice.
  ['GET', 'reset-before-head', true, 1, false, true, true],
  ['PUT', 'reset-before-head', true, 1, false, true, true],
  ['DELETE', 'reset-before-head', true, 1, false, true, true],
  ['POST', 'reset-before-head', true, 1, false, true, false],
  ['PATCH', 'reset-before-head', true, 1, false, true, false],
  ['PUT', 'reset-before-head', true, 1, false, false, false],
  ['GET', 'endpoint-silent', true, 1, false, true, true],
  ['POST', 'endpoint-silent', true, 1, false, true, false],
  // Slow or nonsense: never.
  ['GET', 'head-timeout', true, 1, false, true, false],
  ['GET', 'bad-response', true, 1, false, true, false],
  // The client has part of the answer: never.
  ['GET', 'reset-in-body', true, 1, true, true, false],
  ['GET', 'reset-before-head', true, 1, true, true, false],
]

describe('a retry', () => {
  it.each(rows)(
    '%s after %s, sent %s, attempt %i, committed %s, replayable %s: %s',
    (method, reason, requestSent, attempts, committed, bodyReplayable, expected) => {
      const failure = { reason, requestSent, message: '' }
      expect(mayRetry({ method, failure, attempts, misses: 0, committed, bodyReplayable })).toBe(expected)
    },
  )

  it('is not used up by endpoints that take no connection, before there are ten', () => {
    const failure = { reason: 'connect-refused', requestSent: false, message: '' } as const
    const allowed = (attempts: number, misses: number): boolean =>
      mayRetry({ method: 'POST', failure, attempts, misses, committed: false, bodyReplayable: true })
    expect([allowed(3, 3), allowed(9, 9), allowed(10, 10)]).toEqual([true, true, false])
    expect([allowed(5, 3), allowed(6, 3)]).toEqual([true, false])
  })
})

describe('the retry budget', () => {
  it('allows a fifth of the traffic beyond its reserve, and 10 a second', () => {
    let now = 0
    const budget = new RetryBudget({ now: () => now })
    const taken = (): number => {
      let count = 0
      while (budget.take()) count++
      return count
    }
    expect(taken()).toBe(10)
    for (let i = 0; i < 100; i++) budget.onRequest()
    expect(taken()).toBeCloseTo(20, -1)
    now += 1000
    expect(taken()).toBe(10)
  })
})
