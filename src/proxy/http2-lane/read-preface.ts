import type { Socket } from 'node:net'
import { http1Limits } from '../http1-limits.ts'
import { clientPreface } from '../http2/frame.ts'

/** `PRI * HTTP/2.0`: no request of HTTP/1.1 begins so (RFC 9113 section 3.4). */
const tellingBytes = 14

const longestLine = 16 * 1024
/** A first line that ends in no version of HTTP/1. */
const foreignLine = /^(?!.* HTTP\/1\.\d\r\n).*\r\n/

/**
 * Looks at how a connection begins, and puts it back. A connection that does not begin is closed; so is one that begins in neither
 * version, as there is no telling in which of them to say so.
 */
export function readPreface(socket: Socket, onKnown: (isHttp2: boolean) => void): void {
  let known: Buffer = Buffer.alloc(0)
  const onData = (bytes: Buffer): void => {
    known = known.length === 0 ? bytes : Buffer.concat([known, bytes])
    const length = Math.min(known.length, tellingBytes)
    const isSame = known.compare(clientPreface, 0, length, 0, length) === 0
    if (isSame && length < tellingBytes) return
    leave()
    if (!isSame && foreignLine.test(known.toString('latin1', 0, longestLine))) return void socket.destroy()
    socket.pause()
    socket.unshift(known)
    onKnown(isSame)
    socket.resume()
  }
  const onGone = (): void => {
    leave()
    socket.destroy()
  }
  const leave = (): void => {
    socket.off('data', onData)
    socket.off('end', onGone)
    socket.off('error', onGone)
    socket.setTimeout(0, onGone)
  }
  socket.on('data', onData)
  socket.on('end', onGone)
  socket.on('error', onGone)
  socket.setTimeout(http1Limits.headersTimeoutMs, onGone)
}
