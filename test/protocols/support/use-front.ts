import { afterAll, beforeAll } from 'vitest'
import { type Answer, type Endpoint, startEndpoint } from './endpoint.ts'
import { type Front, startFront } from './front.ts'
import { type ProgramName, requireProgram } from './programs.ts'

export type FrontUse = {
  /** The program that the tests need. */
  readonly program: ProgramName
  readonly flags?: readonly string[]
  /** More pages of the endpoint. */
  readonly pages?: Readonly<Record<string, Answer>>
}

/** A Headgate before an endpoint, from before the first test of a `describe` until after the last. */
export function useFront({ program, flags = [], pages = {} }: FrontUse): {
  readonly front: () => Front
  readonly endpoint: () => Endpoint
} {
  let endpoint: Endpoint | undefined
  let front: Front | undefined

  beforeAll(async () => {
    requireProgram(program)
    endpoint = await startEndpoint(pages)
    front = await startFront(endpoint.port, { flags })
  })

  afterAll(async () => {
    await front?.close()
    endpoint?.close()
  })

  return { front: () => started(front), endpoint: () => started(endpoint) }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('only a test has it')
  return part
}
