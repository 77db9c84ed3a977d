import type { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'

export type FieldText = readonly [name: string, value: string]

/** The fields of a block; undefined: the decoder refused it. */
export function decoded(decoder: HpackDecoder, block: Buffer): readonly FieldText[] | undefined {
  const fields: FieldText[] = []
  const sink = { onField: ({ name, value }: { name: string; value: string }) => void fields.push([name, value]) }
  return decoder.decode(block, 0, block.length, sink) ? fields : undefined
}

/** Octets as the RFC prints them. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex')
}
