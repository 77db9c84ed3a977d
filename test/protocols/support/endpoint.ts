import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { pattern } from './pattern.ts'

export type Endpoint = {
  readonly port: number
  /** Answers that were not complete when their client went. */
  readonly left: number
  close(): void
}

export type Answer = (request: IncomingMessage, response: ServerResponse, rest: string) => void

/**
 * An application with a page for everything that a client of HTTP/2 may want: the first segment of the path says what. A
 * WebSocket echoes, on any path.
 */
export async function startEndpoint(more: Readonly<Record<string, Answer>> = {}): Promise<Endpoint> {
  let left = 0
  const answers: Readonly<Record<string, Answer>> = { ...pages, ...more }
  const server = createServer((request, response) => {
    response.once('close', () => {
      if (!response.writableFinished) left++
    })
    const [, first = '', rest = ''] = /^\/([^/?]*)\/?([^?]*)/.exec(request.url ?? '') ?? []
    const answer = answers[first] ?? notFound
    answer(request, response, rest)
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    get left() {
      return left
    },
    close() {
      for (const socket of sockets.clients) socket.terminate()
      server.close()
      server.closeAllConnections()
    },
  }
}

const pages: Readonly<Record<string, Answer>> = {
  // More than a frame and less than a window: h2spec measures it with the window that a connection begins with.
  '': (request, response) => afterUpload(request, () => sendPattern(response, 20_000)),
  bytes: (request, response, count) => afterUpload(request, () => sendPattern(response, Number(count))),
  chunked(_request, response, count) {
    // Two writes before the end: without a length, and so chunked.
    const body = pattern(Number(count))
    response.write(body.subarray(0, body.length >> 1))
    response.end(body.subarray(body.length >> 1))
  },
  sum(request, response) {
    const hash = createHash('sha256')
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      hash.update(chunk)
    })
    request.on('end', () => sendJson(response, { bytes, sha256: hash.digest('hex') }))
  },
  empty: (_request, response) => response.writeHead(204).end(),
  trailers(_request, response) {
    response.writeHead(200, { trailer: 'x-sum' })
    response.write('a body')
    response.addTrailers({ 'x-sum': 'of the body' })
    response.end()
  },
  'sent-trailers': (request, response) => afterUpload(request, () => sendJson(response, request.trailers)),
  /** All fields of that name, as they came. */
  fields(request, response, name) {
    const all = request.rawHeaders
    sendJson(
      response,
      all.filter((_, index) => all[index - 1]?.toLowerCase() === name && index % 2 === 1),
    )
  },
  echo(request, response) {
    response.flushHeaders()
    request.pipe(response)
  },
  endless(_request, response) {
    response.write('the first piece')
  },
}

function afterUpload(request: IncomingMessage, answer: () => void): void {
  request.resume()
  request.once('end', answer)
}

function sendPattern(response: ServerResponse, bytes: number): void {
  // Said here, as node:http does not say it in an answer to HEAD.
  response.setHeader('content-length', bytes)
  response.end(pattern(bytes))
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end('no such page\n')
}
