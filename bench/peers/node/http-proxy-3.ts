import { randomUUID } from 'node:crypto'
import { Agent, createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { createProxyServer } from 'http-proxy-3'
import { readSite, tlsOptions } from './site-argument.ts'

// The usual Node proxy, set up as well as it can be: keep-alive towards the endpoints, which is not its default.
const site = readSite()
const { app, echo } = site.backends
const proxy = createProxyServer({ agent: new Agent({ keepAlive: true, maxSockets: 1024 }), xfwd: true })
proxy.on('error', (_error, _request, response) => response.destroy())
let turn = 0

const pass: RequestListener = (request, response) => {
  addFields(request)
  proxy.web(request, response, { target: `http://127.0.0.1:${app[turn++ % app.length]}` })
}
const upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
  addFields(request)
  proxy.ws(request, socket, head, { target: `http://127.0.0.1:${echo}`, agent: false })
}

const servers = [
  createServer(pass).listen(site.port, '127.0.0.1', 4096),
  createTlsServer(tlsOptions(site), pass).listen(site.tlsPort, '127.0.0.1', 4096),
]
for (const server of servers) server.on('upgrade', upgrade)

/** What xfwd leaves out. */
function addFields(request: IncomingMessage): void {
  request.headers['x-real-ip'] = request.socket.remoteAddress ?? ''
  request.headers['x-request-id'] = randomUUID()
}
