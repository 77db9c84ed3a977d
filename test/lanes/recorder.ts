import type { Socket } from 'node:net'
import { parseHead } from '../support/http-head.ts'
import { takeRequest } from '../support/origin.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { waitFor } from '../support/wait-for.ts'

export type Recorder = {
  readonly port: number
  /** What came since the last time, byte for byte (latin1), request by request in the order in which they began. */
  take(): readonly string[]
  /** Resolves when no connection is in the middle of a request. */
  untilWhole(): Promise<void>
  close(): Promise<void>
}

/** Of the request that ends a case; its answer differs from all others. */
export const lastPath = '/last-of-this-case'
export const lastBody = 'last'

/** An endpoint that writes down all bytes, and answers each request with the same ones. */
export async function startRecorder(): Promise<Recorder> {
  let records: { bytes: string }[] = []
  const unfinished = new Map<Socket, { bytes: string }>()
  const begin = (bytes: string): { bytes: string } => {
    const record = { bytes }
    records.push(record)
    return record
  }
  const origin = await startRawOrigin((socket) => {
    socket.on('close', () => unfinished.delete(socket))
    socket.on('data', (chunk) => {
      let record = unfinished.get(socket) ?? begin('')
      record.bytes += chunk.toString('latin1')
      for (let request = takeRequest(record.bytes); request !== undefined; request = takeRequest(record.bytes)) {
        const rest = record.bytes.slice(request.raw.length)
        record.bytes = request.raw
        socket.write(answerTo(request.line))
        if (rest === '') return void unfinished.delete(socket)
        record = begin(rest)
      }
      unfinished.set(socket, record)
    })
  })
  return {
    port: origin.port,
    take() {
      const taken = records.map(({ bytes }) => withoutChunks(bytes))
      records = []
      return taken
    },
    async untilWhole() {
      await waitFor(() => unfinished.size === 0)
    },
    close: () => origin.close(),
  }
}

/** Where a body is cut into chunks depends on how it was read, and means nothing. */
function withoutChunks(bytes: string): string {
  const head = parseHead(bytes)
  if (head?.field('transfer-encoding') === undefined) return bytes
  const chunks = /([0-9a-f]+)\r\n/giy
  let body = ''
  chunks.lastIndex = head.end
  for (let size = chunks.exec(bytes); size !== null; size = chunks.exec(bytes)) {
    const length = Number.parseInt(size[1] ?? '', 16)
    if (length === 0) return `${bytes.slice(0, head.end)}${body} and no more`
    body += bytes.slice(chunks.lastIndex, chunks.lastIndex + length)
    chunks.lastIndex += length + 2
  }
  return bytes.slice(0, head.end) + body
}

function answerTo(line: string): string {
  const body = line === `GET ${lastPath} HTTP/1.1` ? lastBody : 'ok'
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`
  return line.startsWith('HEAD ') ? head : head + body
}

/** The requests in these bytes where they end at all: to send them one by one. What is no request stays in one piece. */
export function splitRequests(bytes: string): readonly string[] {
  const pieces: string[] = []
  let rest = bytes
  for (let head = parseHead(rest); head !== undefined; head = parseHead(rest)) {
    const length = Number(/^\d{1,6}$/.exec(head.field('content-length') ?? '')?.[0] ?? 0)
    pieces.push(rest.slice(0, head.end + length))
    rest = rest.slice(head.end + length)
  }
  return rest === '' ? pieces : [...pieces, rest]
}
