import { isAcceptableRequestId, nextRequestId } from '../../src/proxy/request-id.ts'
import type { Case } from './harness/case.ts'

export function cases(): readonly Case[] {
  return [
    { name: 'a new one', run: () => nextRequestId() },
    { name: "a client's, looked at", run: () => isAcceptableRequestId('0123456789abcdef0123456789abcdef') },
  ]
}
