import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { acceptFor } from '../../support/websocket.ts'
import { bodyOf, hugeFields, type Script, uploadOf } from './script.ts'

export type Endpoint = {
  readonly port: number
  /** By the last part of the path. */
  readonly scripts: Map<string, Script>
  /** Uploads that came whole but were not what was sent. */
  readonly faults: readonly string[]
  connections(): Promise<number>
  close(): Promise<void>
}

/** A server of somebody else, so that both sides of the wire are not of one mind. It answers each request as its script says. */
export async function startEndpoint(): Promise<Endpoint> {
  const scripts = new Map<string, Script>()
  const faults: string[] = []
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 65_536 }, (request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    const id = request.url?.slice(1) ?? ''
    const script = scripts.get(id)
    if (script === undefined) return void response.writeHead(404).end()
    serve(request, response, id, script).then(
      (fault) => fault !== undefined && faults.push(`${id}: ${fault}`),
      () => response.destroy(),
    )
  })
  server.on('upgrade', switchProtocols)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    scripts,
    faults,
    connections: () =>
      new Promise((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n)))),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Says back what comes; `/broken` breaks off when the first of it has come. */
function switchProtocols({ headers, url }: IncomingMessage, socket: Duplex, first: Buffer): void {
  const proof = acceptFor(headers['sec-websocket-key'] ?? '')
  socket.on('error', () => socket.destroy())
  socket.write(`HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`)
  if (url === '/broken') {
    socket.once('data', () => socket instanceof Socket && socket.resetAndDestroy())
    socket.on('end', () => socket.end())
    return
  }
  socket.write(first)
  socket.pipe(socket)
}

/** Much less than the endpoint keeps it, so that on a busy machine no request meets a connection that is about to be closed. */
const keptFor = { connection: 'keep-alive', 'keep-alive': 'timeout=2' }

type Answering = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly id: string }

async function serve(request: IncomingMessage, response: ServerResponse, id: string, script: Script) {
  const answering = { request, response, id }
  response.sendDate = false
  // Not cleanly: that would be the end of a body, perhaps of that of the next request.
  if (script.fault === 'before') return void request.socket.resetAndDestroy()
  if (script.answer === 'echo') return echo(answering, script)
  const upload = checkUpload(request, id, script)
  if (!script.isEarly) await upload
  await answer(answering, script)
  return upload
}

/** Resolves with what is wrong with an upload that came to its end. */
async function checkUpload(request: IncomingMessage, id: string, script: Script): Promise<string | undefined> {
  const pieces: Buffer[] = []
  request.on('data', (piece) => pieces.push(piece))
  await new Promise((resolve) => request.once('close', resolve))
  // An upload that breaks off is an error of the request, never its end.
  if (!request.complete || Buffer.concat(pieces).equals(uploadOf(id, script))) return undefined
  return `an upload of ${Buffer.concat(pieces).length} bytes in place of ${script.uploadSize}`
}

async function echo({ request, response, id }: Answering, script: Script): Promise<string | undefined> {
  const checked = checkUpload(request, id, script)
  writeHead(response, id, script)
  let isCut = false
  for await (const piece of request) {
    if (isCut) continue
    if (!response.write(piece)) await once(response, 'drain')
    isCut = script.fault === 'within'
    if (isCut) request.socket.resetAndDestroy()
    if (script.pauseMs > 0) await sleep(script.pauseMs)
  }
  if (script.fault === 'within') request.socket.resetAndDestroy()
  else response.end()
  return checked
}

async function answer({ request, response, id }: Answering, script: Script): Promise<void> {
  const body = bodyOf(id, script.size)
  if (script.answer === 'close') response.useChunkedEncodingByDefault = false
  writeHead(response, id, script)
  response.flushHeaders()
  const size = script.fault === 'within' ? script.size >> 1 : script.size
  for (let i = 0; i < script.writes; i++) {
    const from = Math.floor((i * size) / script.writes)
    response.write(body.subarray(from, Math.floor(((i + 1) * size) / script.writes)))
    if (script.pauseMs > 0) await sleep(script.pauseMs)
  }
  if (script.fault === 'within') return void request.socket.resetAndDestroy()
  if (script.hasTrailers) response.addTrailers({ 'x-end': id })
  response.end()
}

function writeHead(response: ServerResponse, id: string, script: Script): void {
  for (let i = 0; i < script.hints; i++) response.writeEarlyHints({ link: '</a.css>; rel=preload' })
  response.writeHead(script.status, {
    'x-id': id,
    ...(script.isHuge && Object.fromEntries(hugeFields)),
    ...(script.answer === 'length' && { 'content-length': script.size }),
    ...(script.answer === 'close' ? { connection: 'close' } : keptFor),
    ...(script.hasTrailers && { trailer: 'x-end' }),
  })
}
