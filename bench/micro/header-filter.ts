import {
  downstreamResponseHeaders,
  identityLines,
  noTrailers,
  passingLines,
  upstreamFields,
} from '../../src/proxy/headers.ts'
import type { Case } from './harness/case.ts'
import { requestFields, responseFields } from './inputs/heads.ts'

const authority = 'shop.example.com'
const requestId = '0123456789abcdef0123456789abcdef'
const asked = {
  authority,
  scheme: 'https',
  port: 443,
  clientAddress: '192.0.2.10',
  hops: ['192.0.2.10'],
  addForwarded: false,
} as const

/** A string that was put together costs the most when it is written. */
const written = Buffer.alloc(16_384)

const forwarded = (fields: readonly string[]) => ({
  authority,
  passing: passingLines(fields),
  identity: identityLines(asked),
})

/** Lists of fields, as the standard and the h2 lane have them. */
export function cases(): readonly Case[] {
  const requests = Object.entries(requestFields).map(([name, fields]) => ({
    name: `request, ${name}`,
    run: () => written.write(upstreamFields(forwarded(fields), requestId, undefined).lines, 'latin1'),
  }))
  const responses = Object.entries(responseFields).map(([name, fields]) => ({
    name: `response, ${name}`,
    run: () => downstreamResponseHeaders(fields, noTrailers),
  }))
  return [...requests, ...responses]
}
