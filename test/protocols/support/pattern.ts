import { createHash } from 'node:crypto'

/** Text that anyone can make again, in which no two pieces of a frame or a buffer are alike: none is lost or swapped unseen. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = 33 + ((at * 31 + (at >> 8) + (at >> 16)) % 90)
  return bytes
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
