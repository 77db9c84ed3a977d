import { Fields } from './fields.ts'
import { passesUpstream } from './headers.ts'

/** Whoever can say what came behind the body of a request. */
export type TrailerSource = {
  /** To be asked for once the body has ended; undefined: none, or none that goes on. */
  readonly requestTrailers: Fields | undefined
}

/**
 * What decides on how a request is understood: whoever takes it from behind the body, where nobody has looked, is deceived
 * (RFC 9110 section 6.5.1). Those of framing, routing and identity never pass at all (see headers.ts).
 */
const decisive = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'max-forwards',
  'pragma',
  'range',
])

/** Of the fields behind a body those that go on to an endpoint; the list is flat, [name, value, …]. */
export function passingTrailers(received: readonly string[]): Fields | undefined {
  const passing: string[] = []
  for (let i = 0; i + 1 < received.length; i += 2) {
    const name = received[i] ?? ''
    const value = received[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (!passesUpstream(lower, value) || decisive.has(lower) || lower.startsWith('if-')) continue
    passing.push(name, value)
  }
  return passing.length === 0 ? undefined : Fields.ofList(passing)
}
