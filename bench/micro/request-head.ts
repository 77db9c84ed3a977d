import { readRequestHead } from '../../src/proxy/fast-lane/request-head.ts'
import type { Case } from './harness/case.ts'
import { headText, requestFields } from './inputs/heads.ts'

/** From the bytes of a socket, as the fast lane does it. */
export function cases(): readonly Case[] {
  return Object.entries(requestFields).map(([name, fields]) => {
    const bytes = Buffer.from(headText('GET /static/assets/app/main.js?v=12345 HTTP/1.1', fields), 'latin1')
    return { name, run: () => readRequestHead(bytes.toString('latin1')) }
  })
}
