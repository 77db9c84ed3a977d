import { downstreamResponseHeaders, noTrailers, passingLines, upstreamFields } from '../../src/proxy/headers.ts'
import type { Case } from './harness/case.ts'
import { requestFields, responseFields } from './inputs/heads.ts'

const as = {
  host: 'shop.example.com',
  scheme: 'https',
  clientAddress: '192.0.2.10',
  port: 443,
  requestId: '0123456789abcdef0123456789abcdef',
  contentLength: undefined,
} as const

/** A string that was put together costs the most when it is written. */
const written = Buffer.alloc(16_384)

/** Lists of fields, as the standard and the h2 lane have them. */
export function cases(): readonly Case[] {
  const requests = Object.entries(requestFields).map(([name, fields]) => ({
    name: `request, ${name}`,
    run: () => written.write(upstreamFields(passingLines(fields), as).lines, 'latin1'),
  }))
  const responses = Object.entries(responseFields).map(([name, fields]) => ({
    name: `response, ${name}`,
    run: () => downstreamResponseHeaders(fields, noTrailers),
  }))
  return [...requests, ...responses]
}
