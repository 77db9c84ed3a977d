import { readResponseHead } from '../../src/proxy/lean/response-head.ts'
import type { Case } from './harness/case.ts'
import { headText, responseFields } from './inputs/heads.ts'

/** From the bytes of a socket, as the lean upstream client does it. */
export function cases(): readonly Case[] {
  return Object.entries(responseFields).map(([name, fields]) => {
    const bytes = Buffer.from(headText('HTTP/1.1 200 OK', fields), 'latin1')
    return { name, run: () => readResponseHead(bytes.toString('latin1'), 0, 'GET') }
  })
}
