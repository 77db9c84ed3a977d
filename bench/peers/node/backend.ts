import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bodyOf1m, bodyOf64k, chunkedBody, smallBody } from '../bodies.ts'

// The endpoints where there is no nginx: the same answers as those of ../backend-nginx.conf. `node backend.ts PORT...`.
const bodies: Readonly<Record<string, Buffer>> = {
  '/64k': Buffer.from(bodyOf64k),
  '/1m': Buffer.from(bodyOf1m),
}
const small = Buffer.from(smallBody)

for (const port of process.argv.slice(2).map(Number)) {
  const server = createServer(answer)
  server.keepAliveTimeout = 3_600_000
  server.requestTimeout = 0
  server.listen(port, '127.0.0.1', 4096)
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/chunked') {
    for (let at = 0; at < chunkedBody.length; at += 4096) response.write(chunkedBody.slice(at, at + 4096))
    response.end()
    return
  }
  request.resume()
  const respond = (): void => {
    const body = bodies[request.url ?? ''] ?? small
    response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', String(body.length)])
    response.end(body)
  }
  if (request.method === 'POST') request.once('end', respond)
  else respond()
}
