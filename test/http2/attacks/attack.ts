import type { Settings } from '../support/careful-client.ts'
import * as frames from '../support/frames.ts'
import { encodeBlock, type Field } from '../support/header-block.ts'
import { RawHttp2, type Where } from '../support/raw-http2.ts'

/** One who sends the same over and over, and does not care what is said to him. */
export type Attack = {
  readonly name: string
  readonly settings?: Settings
  /** Sent once. */
  readonly opening?: () => Buffer
  /** The n-th step, counted from 0; `id` is a stream that was not used before. */
  readonly step: (id: number, n: number) => Buffer
  /** After so many steps at most his connection has ended; undefined: it may go on, at little cost. */
  readonly most: number | undefined
  /** In GOAWAY. */
  readonly code: number
  /** Requests that an endpoint may see of it. */
  readonly requests: number
}

export const get: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'app.example.com'],
  [':path', '/slow'],
]
export const largeGet: readonly Field[] = [...get.slice(0, 3), [':path', '/large']]
export const post: readonly Field[] = [[':method', 'POST'], ...get.slice(1)]

/** The first stream of the opening. */
export const openId = 1

export type Fate = {
  readonly steps: number
  readonly goaway: number | undefined
  readonly ended: boolean
}

export async function openAttack(where: Where, { settings = [], opening }: Attack): Promise<RawHttp2> {
  const wire = await RawHttp2.open(where)
  wire.send(
    Buffer.concat([frames.preface, frames.settingsFrame(settings), ...(opening === undefined ? [] : [opening()])]),
  )
  // Its settings have been taken: from here on each step counts.
  await wire.until(() => wire.frames.some(({ type, flags }) => type === frames.frameType.settings && flags === 1))
  return wire
}

/** So many steps at most, some in each write, until the connection ends. */
export async function attack(wire: RawHttp2, { step }: Attack, most: number): Promise<number> {
  let n = 0
  for (; n < most && !wire.ended && !wire.socket.destroyed; n++) {
    wire.send(step(openId + 2 + 2 * n, n))
    if (n % 50 === 49) await drained(wire)
  }
  return n
}

/** What it was told, once it has been told so, or has been asked and answered. */
export async function fateOf(wire: RawHttp2, steps: number): Promise<Fate> {
  const goaway = wire.frames.find(({ type }) => type === frames.frameType.goaway)
  return { steps, goaway: goaway?.payload.readUInt32BE(4), ended: wire.ended }
}

async function drained({ socket }: RawHttp2): Promise<void> {
  if (socket.writableNeedDrain) {
    await Promise.race([
      new Promise((resolve) => socket.once('drain', resolve)),
      new Promise((resolve) => socket.once('close', resolve)),
    ])
  }
  await new Promise((resolve) => setImmediate(resolve))
}

export const head = (id: number, fields: readonly Field[], options: frames.HeadersOptions = {}): Buffer =>
  frames.headers(id, encodeBlock(fields), options)
