import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Endpoint, startEndpoint } from './support/endpoint.ts'
import { type Front, startFront } from './support/front.ts'
import { runH2spec } from './support/h2spec.ts'
import { isSkipped, requireProgram } from './support/programs.ts'

// As h2spec 2.2.1 counts them.
const usualCases = 145
const strictCases = 146

describe.skipIf(isSkipped('go'))('h2spec', () => {
  let endpoint: Endpoint
  let front: Front

  beforeAll(async () => {
    requireProgram('go')
    endpoint = await startEndpoint()
    front = await startFront(endpoint.port)
  })

  afterAll(async () => {
    await front?.close()
    endpoint?.close()
  })

  it.each([
    { cases: usualCases, isStrict: false, mode: 'usual' },
    { cases: strictCases, isStrict: true, mode: 'strict' },
  ])('finds no fault over TLS in its $cases $mode cases', async ({ cases, isStrict }) => {
    const verdict = await runH2spec({ port: front.headgate.https, isTls: true, isStrict, folder: front.folder })
    expect(verdict).toEqual({ passed: cases, failed: [], skipped: [] })
  })
})
