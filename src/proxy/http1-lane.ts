import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Settings } from '../router/table.ts'
import { rawAnswer } from './answer.ts'
import { answeringOn } from './answering-on.ts'
import { handleRequest, refuseRequest } from './handle-request.ts'
import { Http1Exchange, type Http1LaneState } from './http1-exchange.ts'
import { http1Limits } from './http1-limits.ts'
import type { ProxyState } from './proxy-state.ts'
import { refusalOfHead } from './request-rules.ts'
import { handleUpgrade } from './upgrade.ts'
import { isWebSocketUpgrade } from './websocket-handshake.ts'

/** The standard lane: Node's own HTTP/1.1 server, for plain connections and for those that TLS hands over. */
export function createHttp1Server(proxy: ProxyState): Server {
  const server = createServer({
    maxHeaderSize: http1Limits.maxHeaderBytes,
    headersTimeout: http1Limits.headersTimeoutMs,
    // Node's limit is on the whole request, body and all, and would cut every long upload.
    requestTimeout: 0,
    connectionsCheckingInterval: http1Limits.checkEveryMs,
    requireHostHeader: false,
    // Only what is a WebSocket handshake beyond doubt leaves HTTP; `Upgrade: h2c` and the like are ordinary requests.
    shouldUpgradeCallback: (request) => isWebSocketUpgrade(request),
  })
  server.maxHeadersCount = http1Limits.maxHeaderFields
  server.maxRequestsPerSocket = http1Limits.requestsPerConnection
  applySettings(server, proxy.table.settings)

  const lane: Http1LaneState = { closing: new WeakSet(), proxy }
  const waiting = new WeakMap<Socket, number>()
  const handle = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void =>
    response.socket === null
      ? takeTurn(request.socket, response, waiting, () => onRequest(request, response, proxy, lane, expectsContinue))
      : onRequest(request, response, proxy, lane, expectsContinue)
  server.on('request', (request, response) => handle(request, response, false))
  server.on('checkContinue', (request, response) => handle(request, response, true))
  server.on('checkExpectation', (request, response) => handle(request, response, false))
  server.on('connect', (_request, socket) => endWith(socket, 405, 'CONNECT is not allowed'))
  server.on('upgrade', (request, socket, head) => handleUpgrade(request, socket, head, proxy))
  server.on('clientError', onClientError)
  return server
}

/** For all connections, from their next answer on. */
export function applySettings(server: Server, settings: Settings): void {
  server.keepAliveTimeout = settings.keepAliveMs
}

/**
 * Pipelined requests are carried out one after the other: at once, those of one connection would open any number of
 * connections to endpoints. Node gives a response the socket when its turn has come.
 */
function takeTurn(socket: Socket, response: ServerResponse, waiting: WeakMap<Socket, number>, start: () => void): void {
  const count = (waiting.get(socket) ?? 0) + 1
  if (count > http1Limits.waitingPerConnection) return void socket.destroy()
  waiting.set(socket, count)
  response.once('socket', () => {
    waiting.set(socket, (waiting.get(socket) ?? 1) - 1)
    start()
  })
}

function onRequest(
  request: IncomingMessage,
  response: ServerResponse,
  proxy: ProxyState,
  lane: Http1LaneState,
  expectsContinue: boolean,
): void {
  // RFC 9112 section 9.6: what comes behind a request that was answered with `close` is not looked at. Node hands it over.
  if (lane.closing.has(request.socket)) return
  const exchange = new Http1Exchange(request, response, expectsContinue, lane)
  const refusal = refusalOfHead(exchange.request)
  if (refusal === undefined) {
    handleRequest(exchange, proxy)
    return
  }
  exchange.closeAfterwards()
  refuseRequest(exchange, refusal, proxy)
}

/** Status for what llhttp or a timer gave up on; anything else is a plain 400. */
const statusByCode: Readonly<Record<string, [status: number, text: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the header fields are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
}

function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Bytes of our own inside an answer that is being sent would be taken for that answer.
  const answering = answeringOn(socket)
  // Bytes behind a request that was the last one: its answer is on the way and closes the connection itself.
  if (error.code === 'HPE_CLOSED_CONNECTION' && answering && socket.writable) return
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent === true) {
    // Not in this turn: Node holds back until its end what it writes, and a refusal may be among it.
    process.nextTick(() => socket.destroy())
    return
  }
  const [status, text] = statusByCode[error.code ?? ''] ?? [400, 'malformed request']
  endWith(socket, status, text)
}

/** The listener allows half-open connections: one that has been answered is ended on both sides. */
function endWith(socket: Duplex, status: number, text: string): void {
  socket.end(rawAnswer(status, text), () => socket.destroy())
}
