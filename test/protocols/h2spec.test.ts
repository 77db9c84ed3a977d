import { describe, expect, it } from 'vitest'
import { runH2spec } from './support/h2spec.ts'
import { isSkipped } from './support/programs.ts'
import { useFront } from './support/use-front.ts'

// As h2spec 2.2.1 counts them.
const usualCases = 145
const strictCases = 146

describe.skipIf(isSkipped('go'))('h2spec', () => {
  const { front } = useFront({ program: 'go', flags: ['--h2c'] })

  describe.each([
    { over: 'over TLS', isTls: true },
    { over: 'in plain text', isTls: false },
  ])('$over', ({ isTls }) => {
    it.each([
      { cases: usualCases, isStrict: false, mode: 'usual' },
      { cases: strictCases, isStrict: true, mode: 'strict' },
    ])('finds no fault in its $cases $mode cases', async ({ cases, isStrict }) => {
      const port = isTls ? front().headgate.https : front().headgate.http
      const verdict = await runH2spec({ port, isTls, isStrict, folder: front().folder })
      expect(verdict).toEqual({ passed: cases, failed: [], skipped: [] })
    })
  })
})
