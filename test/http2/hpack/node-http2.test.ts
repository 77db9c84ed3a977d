import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  sensitiveHeaders,
} from 'node:http2'
import { connect as connectTcp, type Server } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeaderBlockWriter } from '../../../src/proxy/http2/hpack/header-block-writer.ts'
import { startRawOrigin } from '../../support/raw-origin.ts'
import { headers, preface } from '../support/frames.ts'
import { BlockPeer, type OnBlock } from './block-peer.ts'
import type { FieldText } from './decoded.ts'

const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
const name = fc.oneof(
  fc.constantFrom('accept', 'user-agent', 'cache-control', 'x-a', 'x-b', 'x-c', 'link', 'via', 'vary'),
  fc.string({ unit: fc.constantFrom(...'abcdefz019-_'), minLength: 1, maxLength: 20 }).map((text) => `x-${text}`),
)
const value = fc.oneof(fc.constantFrom('a', 'gzip', '0'), fc.string({ unit: printable, maxLength: 80 }))
/** One field of a name: of several, node:http2 makes one where it may. */
const fieldList = fc.uniqueArray(fc.tuple(name, value), { maxLength: 12, selector: ([each]) => each })
const target = fc.string({ unit: fc.constantFrom(...'abc/019-_'), maxLength: 40 }).map((text) => `/${text}`)
const tableSizes = [0, 64, 256, 4096, 65_536]

describe('node:http2 on the other side', () => {
  const writer = new HeaderBlockWriter()

  it.each(tableSizes)('as the client: we read its blocks with a table of %i bytes, and it reads ours', async (size) => {
    let answer = ''
    let asked: readonly FieldText[] | undefined
    const server = await startRawOrigin((socket) => {
      const peer = new BlockPeer(socket, size, (fields, streamId) => {
        asked = fields
        socket.write(headers(streamId, blockOf(writer, [], answer), { end: true, parts: 2 }))
      })
      let skipped = 0
      socket.on('data', (chunk: Buffer) => {
        const from = Math.min(chunk.length, preface.length - skipped)
        skipped += from
        peer.read(chunk.subarray(from))
      })
    })
    const session = connect(`http://127.0.0.1:${server.port}`)
    const property = fc.asyncProperty(
      target,
      fieldList,
      fieldList,
      fc.nat(12),
      async (path, request, response, secrets) => {
        answer = linesOf(response)
        const pseudo = pseudoHeaders(path)
        const names = request.slice(0, secrets).map(([each]) => each)
        const found = await exchange(session, { ...objectOf([...pseudo, ...request]), [sensitiveHeaders]: names })
        expect(sorted(asked)).toEqual(sorted([...pseudo, ...request]))
        expect(sorted(listOf(found))).toEqual(sorted([[':status', '200'], ...response]))
      },
    )
    await fc.assert(property, { numRuns: 60 })
    session.destroy()
    await server.close()
  })

  it.each(tableSizes)('as the server: we read its blocks with a table of %i bytes, and it reads ours', async (size) => {
    const server = createServer()
    let answer: OutgoingHttpHeaders = {}
    let asked: readonly string[] = []
    server.on(
      'stream',
      (stream: ServerHttp2Stream, _headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
        asked = rawHeaders
        stream.respond(answer, { endStream: true })
      },
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { socket, nextBlock } = await openClient(portOf(server.address()), size)
    let streamId = 1
    const property = fc.asyncProperty(target, fieldList, fieldList, async (path, request, response) => {
      answer = { ':status': 200, ...objectOf(response) }
      const pseudo = pseudoHeaders(path)
      socket.write(headers(streamId, blockOf(writer, pseudo, linesOf(request)), { end: true }))
      streamId += 2
      const found = await nextBlock()
      expect(pairs(asked)).toEqual([...pseudo, ...request])
      expect(sorted(found?.filter(([each]) => each !== 'date'))).toEqual(sorted([[':status', '200'], ...response]))
    })
    await fc.assert(property, { numRuns: 60 })
    socket.destroy()
    server.close()
  })
})

async function exchange(session: ClientHttp2Session, request: OutgoingHttpHeaders): Promise<IncomingHttpHeaders> {
  const stream = session.request(request, { endStream: true })
  stream.resume()
  const [found] = await once(stream, 'response')
  return found
}

async function openClient(port: number, tableBytes: number) {
  const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.write(preface)
  let come: (fields: Parameters<OnBlock>[0]) => void = () => {}
  const peer = new BlockPeer(socket, tableBytes, (fields) => come(fields))
  socket.on('data', (chunk: Buffer) => peer.read(chunk))
  const nextBlock = (): Promise<Parameters<OnBlock>[0]> =>
    new Promise((resolve) => {
      come = resolve
    })
  return { socket, nextBlock }
}

function blockOf(writer: HeaderBlockWriter, pseudo: readonly FieldText[], lines: string): Buffer {
  writer.start()
  if (pseudo.length === 0) writer.status(200)
  for (const [name, value] of pseudo) writer.field(name, value)
  writer.lines(lines)
  return Buffer.from(writer.bytes.subarray(0, writer.length))
}

function pseudoHeaders(path: string): readonly FieldText[] {
  return [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'shop.example.com'],
    [':path', path],
  ]
}

function linesOf(fields: readonly FieldText[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
}

function objectOf(fields: readonly FieldText[]): OutgoingHttpHeaders {
  return Object.fromEntries(fields)
}

function listOf(found: IncomingHttpHeaders): readonly FieldText[] {
  return Object.entries(found).map(([name, value]): FieldText => [name, String(value)])
}

function pairs(flat: readonly string[]): readonly FieldText[] {
  return Array.from({ length: flat.length / 2 }, (_, i): FieldText => [flat[2 * i] ?? '', flat[2 * i + 1] ?? ''])
}

function sorted(fields: readonly FieldText[] | undefined): readonly string[] | undefined {
  return fields?.map(([name, value]) => `${name}: ${value}`).toSorted()
}

function portOf(address: ReturnType<Server['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
