import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { smallBody } from '../bodies.ts'
import { readSite, tlsOptions } from './site-argument.ts'

// The floor of the standard lane: Node's own server answering by itself.
const site = readSite()
const answer: RequestListener = (_request, response) => {
  response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', String(smallBody.length)])
  response.end(smallBody)
}

createServer(answer).listen(site.port, '127.0.0.1', 4096)
createTlsServer(tlsOptions(site), answer).listen(site.tlsPort, '127.0.0.1', 4096)
