import { ok } from '../../test/support/origin.ts'
import { startRawOrigin } from '../../test/support/raw-origin.ts'

// An endpoint in a process of its own, so that what an attack makes it do is no delay of the clients that are measured. It answers what
// begins with a head, by its path: `/slow` never, and of `/deaf` it does not even read the rest. It tells how many connections it has.

export type EndpointReport = { readonly port: number; readonly open: number }

const small = Buffer.from(ok('for the others'))
const large = Buffer.from(ok('x'.repeat(1_048_576)))
const largeHead = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\nX-Long: ${'l'.repeat(8_000)}\r\n\r\n`)
const reportEveryMs = 50

const origin = await startRawOrigin((socket) => {
  let isSilent = false
  socket.on('data', (bytes: Buffer) => {
    if (isSilent) return
    const [method, path] = bytes.toString('latin1', 0, 100).split(' ')
    isSilent = path === '/slow' || path === '/deaf'
    if (path === '/deaf') socket.pause()
    else if (!isSilent) socket.write(method === 'HEAD' ? largeHead : path === '/large' ? large : small)
  })
})
const report = (): void => void process.send?.({ port: origin.port, open: origin.openSockets.size })
report()
setInterval(report, reportEveryMs)
process.on('disconnect', () => process.exit())
