import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { UpstreamConnection } from '../../src/proxy/upstream-connection.ts'
import { type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'

/** What an endpoint does once it has the head of a request. A function that it gives back takes all that comes behind the head. */
type Answer = (socket: Socket, head: string) => unknown

export type AnsweringOrigin = RawOrigin & { answer: Answer }

/** Answers when the head of a request is there, whatever is with its body. */
export async function startAnsweringOrigin(): Promise<AnsweringOrigin> {
  const origin = await startRawOrigin((socket) => {
    let pending = ''
    let takeMore: ((bytes: string) => unknown) | undefined
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      const bytes = chunk.toString('latin1')
      if (takeMore !== undefined) return void takeMore(bytes)
      pending += bytes
      const end = pending.indexOf('\r\n\r\n') + 4
      if (end < 4) return
      const result = answering.answer(socket, pending.slice(0, end))
      if (isFunction(result)) {
        takeMore = result
        result(pending.slice(end))
      }
      pending = ''
    })
  })
  const answering: AnsweringOrigin = {
    port: origin.port,
    openSockets: origin.openSockets,
    close: () => origin.close(),
    get connections() {
      return origin.connections
    },
    answer: () => undefined,
  }
  return answering
}

/** Sends bytes (as latin1) so that each piece is read on its own: the next leaves when the last has been taken from the socket. */
export async function sendPieces(
  socket: Socket,
  pieces: readonly string[],
  connection: () => UpstreamConnection,
): Promise<void> {
  let expected = connection().socket?.bytesRead ?? 0
  for (const piece of pieces) {
    if (piece === '') continue
    if (!socket.writable) return
    socket.write(piece, 'latin1')
    expected += piece.length
    while ((connection().socket?.bytesRead ?? 0) < expected) {
      if (!socket.writable || connection().socket?.destroyed) return
      await turn()
    }
  }
}

/** Whole; in two pieces, cut at each byte where they are few, else near both ends and at the edges of what is read at once; byte by byte. */
export function* cutsOf(bytes: string): Generator<readonly string[]> {
  yield [bytes]
  const isShort = bytes.length < 400
  for (let at = 1; at < bytes.length; at++) {
    const isEdge = at < 40 || at > bytes.length - 40 || at % 4096 < 2
    if (isShort || isEdge) yield [bytes.slice(0, at), bytes.slice(at)]
  }
  if (isShort) yield [...bytes]
}

function isFunction(value: unknown): value is (bytes: string) => unknown {
  return typeof value === 'function'
}
