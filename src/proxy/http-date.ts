import { flatText } from './flat-text.ts'

let line = ''
let validUntil = 0

/** `Date` in the form of RFC 9110 section 5.6.7, which has whole seconds: made once for all answers of one. */
export function httpDateLine(): string {
  const now = Date.now()
  if (now >= validUntil) {
    validUntil = now - (now % 1_000) + 1_000
    line = flatText(`Date: ${new Date(now).toUTCString()}\r\n`)
  }
  return line
}
