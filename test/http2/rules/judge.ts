import type { RequestHead } from '../../../src/proxy/http2/message-head.ts'
import { Driver } from '../codec/driver.ts'
import { type HeadersOptions, headers } from '../support/frames.ts'
import { encodeBlock, type Field } from '../support/header-block.ts'

const maxFrame = 16_384

/** What becomes of this header list as the first of a connection: the request of it, or the frames that refuse it. */
export function judge(fields: readonly Field[], options: HeadersOptions = { end: true }): RequestHead | string {
  const driver = new Driver()
  const block = encodeBlock(fields)
  const said = driver.ask(headers(1, block, { ...options, parts: Math.max(1, Math.ceil(block.length / maxFrame)) }))
  const [request] = driver.requests
  return request?.head ?? said.join(', ')
}

export const malformed = 'RST_STREAM 1 protocol'

export const pseudo: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'app.example.com'],
  [':path', '/'],
]

/** Those of a GET with other values; undefined: without it. */
export function pseudoWith(changes: Readonly<Record<string, string | undefined>>): readonly Field[] {
  const all: Record<string, string | undefined> = { ...Object.fromEntries(pseudo), ...changes }
  return Object.entries(all).flatMap(([name, value]): readonly Field[] => (value === undefined ? [] : [[name, value]]))
}
