import { createServer } from 'node:net'

// The endpoint behind every proxy of the benchmark: answers each request with the same 109 bytes. It looks for nothing but the end
// of the head, so that it costs less than what is measured.
const body = 'x'.repeat(108).concat('\n')
const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
)
const end = Buffer.from('\r\n\r\n')

for (const port of process.argv.slice(2).map(Number)) {
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(end); at >= 0; at = chunk.indexOf(end, at + 4)) socket.write(response)
    })
  }).listen(port, '127.0.0.1', 4096)
}
