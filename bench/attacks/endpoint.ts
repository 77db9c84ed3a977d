import { ok } from '../../test/support/origin.ts'
import { type RawOrigin, startRawOrigin } from '../../test/support/raw-origin.ts'

const small = Buffer.from(ok('for the others'))
const large = Buffer.from(ok('x'.repeat(1_048_576)))
const largeHead = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\nX-Long: ${'l'.repeat(8_000)}\r\n\r\n`)

/** It answers what begins with a head, by its path: `/slow` never, and of `/deaf` it does not even read the rest. */
export function startEndpoint(): Promise<RawOrigin> {
  return startRawOrigin((socket) => {
    let isSilent = false
    socket.on('data', (bytes: Buffer) => {
      if (isSilent) return
      const [method, path] = bytes.toString('latin1', 0, 100).split(' ')
      isSilent = path === '/slow' || path === '/deaf'
      if (path === '/deaf') socket.pause()
      else if (!isSilent) socket.write(method === 'HEAD' ? largeHead : path === '/large' ? large : small)
    })
  })
}
