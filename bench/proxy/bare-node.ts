import { createServer } from 'node:http'

// The floor of the standard lane: Node's own server answering by itself.
const body = 'x'.repeat(108).concat('\n')

createServer((_request, response) => {
  response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', String(body.length)])
  response.end(body)
}).listen(Number(process.argv[2]), '127.0.0.1', 4096)
