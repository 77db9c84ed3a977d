import { ChunkedDecoder } from '../../src/proxy/lean/chunked-decoder.ts'
import type { Case } from './harness/case.ts'

const sink = { onBytes: () => {} }

export function cases(): readonly Case[] {
  const decoder = new ChunkedDecoder()
  const messages = {
    'one chunk of 109 bytes': chunked(109, 1),
    '16 chunks of 4 KB': chunked(4096, 16),
    '1,000 chunks of 10 bytes': chunked(10, 1_000),
  }
  return Object.entries(messages).map(([name, bytes]) => {
    const run = () => {
      decoder.reset()
      return decoder.feed(bytes, 0, bytes.length, sink)
    }
    return { name, run }
  })
}

function chunked(size: number, count: number): Buffer {
  const chunk = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`
  return Buffer.from(`${chunk.repeat(count)}0\r\n\r\n`, 'latin1')
}
