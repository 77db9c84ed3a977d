import { type FieldSink, HpackDecoder } from '../../src/proxy/http2/hpack/decoder.ts'
import { HeaderBlockWriter } from '../../src/proxy/http2/hpack/header-block-writer.ts'
import type { HeaderField } from '../../src/proxy/http2/hpack/header-field.ts'
import type { FieldText } from '../../test/http2/hpack/decoded.ts'
import { type Indexing, IndexingEncoder } from '../../test/http2/hpack/indexing-encoder.ts'
import type { Case } from './harness/case.ts'
import { headText, requestFields, responseFields } from './inputs/heads.ts'

const targets = Array.from({ length: 64 }, (_, at) => `/static/assets/app/chunk-${at * 7919}.js?v=12345`)

export function cases(): readonly Case[] {
  return [
    ...Object.entries(requestFields).flatMap(decoding),
    ...Object.entries(responseFields).flatMap(writing),
    misses(),
  ]
}

/** The second and later requests of a connection. */
function decoding([name, fields]: readonly [string, readonly string[]]): readonly Case[] {
  return [
    { name: `decode, ${name}, all indexed`, run: runBlocks(fields, ['/products'], 'kept') },
    { name: `decode, ${name}, another path each time`, run: runBlocks(fields, targets, 'not kept') },
  ]
}

class CountingSink implements FieldSink {
  bytes = 0

  onField(field: HeaderField): void {
    this.bytes += field.size
  }
}

function runBlocks(fields: readonly string[], paths: readonly string[], indexing: Indexing): Case['run'] {
  const encoder = new IndexingEncoder()
  const decoder = new HpackDecoder(4096)
  const sink = new CountingSink()
  const decode = (block: Buffer) => decoder.decode(block, 0, block.length, sink)
  const blockFor = (path: string) => encoder.block(requestList(fields, path), (at) => (at === 2 ? indexing : 'kept'))
  // What the first one keeps is what the others refer to.
  for (const path of paths) decode(blockFor(path))
  const blocks = paths.map(blockFor)
  return (at) => decode(blocks[at % blocks.length] ?? Buffer.alloc(0))
}

function requestList(fields: readonly string[], path: string): readonly FieldText[] {
  const list: FieldText[] = [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', path],
    [':authority', 'shop.example.com'],
  ]
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i]?.toLowerCase() ?? ''
    if (name !== 'host' && name !== 'connection') list.push([name, fields[i + 1] ?? ''])
  }
  return list
}

const writer = new HeaderBlockWriter()

function writing([name, fields]: readonly [string, readonly string[]]): readonly Case[] {
  const bytes = Buffer.from(headText('HTTP/1.1 200 OK', fields), 'latin1')
  return [{ name: `write, ${name}, as they come from a socket`, run: () => write(linesOf(bytes.toString('latin1'))) }]
}

/** Lines of which one is new each time. */
function misses(): Case {
  const known =
    'Content-Type: text/css\r\nCache-Control: public, max-age=3600\r\nServer: nginx\r\nVary: Accept-Encoding\r\n'
  return {
    name: 'write, 5 fields, another ETag each time',
    run: (at) => write(`${known}ETag: "5f3c-17a9b2c4-${at}"\r\n`),
  }
}

function linesOf(head: string): string {
  return head.slice(head.indexOf('\r\n') + 2, -2)
}

function write(lines: string): number {
  writer.start()
  writer.status(200)
  writer.lines(lines)
  return writer.length
}
