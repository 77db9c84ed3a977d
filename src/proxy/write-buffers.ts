/** A read from an endpoint, with a head before it. */
export const writeBufferBytes = 80 * 1024

/** As many as one busy moment leaves behind: 5 MB. */
const keptBuffers = 64

const free: Buffer[] = []

/**
 * A buffer for what a client is sent in one piece. One made for each piece would cost more than to fill it: memory fresh from the
 * system, and its return by the garbage collector.
 */
export function takeWriteBuffer(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(writeBufferBytes)
}

/** The bytes have left, or never will. */
export function giveWriteBuffer(buffer: Buffer): void {
  if (free.length < keptBuffers) free.push(buffer)
}
