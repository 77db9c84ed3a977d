import { randomBytes } from 'node:crypto'

// 128 bits an id, as ingress-nginx's $req_id: a random start per process and a counter, because random bytes for each
// request would cost more than everything else that is done for it.
const prefix = randomBytes(10).toString('hex')
let counter = randomBytes(4).readUInt32BE()

export function nextRequestId(): string {
  counter = (counter + 1) >>> 0
  return prefix + counter.toString(16).padStart(12, '0')
}

/** `given`: the client's own; empty: it sent none. */
export function requestIdFor(given: string): string {
  return given !== '' && isAcceptableRequestId(given) ? given : nextRequestId()
}

/** A client's own id is kept where it cannot do harm in a log line or a shell. */
export function isAcceptableRequestId(value: string): boolean {
  return value.length >= 8 && value.length <= 128 && /^[A-Za-z0-9._:-]+$/.test(value)
}
