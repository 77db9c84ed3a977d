import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Bed, request, startBed, upstreamClients } from './bed.ts'

const total = 1024 * 1024 * 1024

/** Writes pieces of this size, each when the one before has left, so that they are read one by one. */
function drip(socket: Socket, size: number, wrap: (piece: string) => string): { readonly bytes: number } {
  const progress = { bytes: 0 }
  const piece = wrap('x'.repeat(size))
  socket.setNoDelay(true)
  const next = (): void => {
    if (progress.bytes >= total || !socket.writable) return
    progress.bytes += size
    socket.write(piece, 'latin1', () => setImmediate(next))
  }
  next()
  return progress
}

describe.each(upstreamClients)('an endpoint reached by the %s client', (client) => {
  let bed: Bed
  let downstream: RawClient

  beforeAll(async () => {
    bed = await startBed(client)
  })
  afterEach(async () => {
    downstream.close()
    await waitFor(() => bed.origin.openSockets.size === 0)
  })
  afterAll(() => bed.close())

  it.each([
    ['small pieces by length', 1_000, `Content-Length: ${total}`, (piece: string) => piece],
    ['small chunks', 1_000, 'Transfer-Encoding: chunked', (piece: string) => `3e8\r\n${piece}\r\n`],
    ['small pieces up to the end', 1_000, 'X: y', (piece: string) => piece],
    ['large pieces by length', 100_000, `Content-Length: ${total}`, (piece: string) => piece],
    ['large chunks', 100_000, 'Transfer-Encoding: chunked', (piece: string) => `186a0\r\n${piece}\r\n`],
  ])('is held up by a client that does not read: %s', async (_name, size, field, wrap) => {
    let progress = { bytes: 0 }
    bed.respond = (_seen, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n`)
      progress = drip(socket, size, wrap)
      return undefined
    }
    downstream = await bed.open()
    downstream.socket.pause()
    downstream.send(request())
    let last = -1
    let still = 0
    await waitFor(() => {
      still = progress.bytes === last && progress.bytes > 0 ? still + 1 : 0
      last = progress.bytes
      return still > 40
    })
    // What the kernel takes on both sides, up to 32 MB each, and a little of ours.
    expect(progress.bytes).toBeLessThan(100_000_000)
  })
})
