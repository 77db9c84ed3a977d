import { CarefulClient } from '../support/careful-client.ts'
import { errorCode } from '../support/frames.ts'
import type { Field } from '../support/header-block.ts'
import type { Where } from '../support/raw-http2.ts'
import type { Endpoint } from './endpoint.ts'
import { exchange } from './exchange.ts'
import { type Script, steady } from './script.ts'

const times = 50
/** Fewer than a client may have reset, by itself or by what it sends. */
const givenUp = 60
const maxUpload = 64 * 1_048_576

/**
 * Through one connection, both ways, many times what its windows hold, where every second stream is given up with bytes on the way: what
 * was taken for those must be given back too (RFC 9113 section 6.9), or the connection stands still.
 */
export async function useUpCredit(where: Where, endpoint: Endpoint): Promise<{ up: number; down: number }> {
  const client = await CarefulClient.open(where)
  const stop = client.wire.watch(() => {
    if (client.uncredited > 32_768 && !client.wire.ended) client.credit(undefined, client.uncredited)
  })
  const passed = { up: 0, down: 0 }
  let count = 0
  const run = async (more: Partial<Script>): Promise<void> => {
    const id = `credit-${count++}`
    const script: Script = { ...steady, ...more }
    endpoint.scripts.set(id, script)
    const fault = await exchange({ client, id, script, random: () => 0 })
    if (fault !== undefined) throw new Error(`${fault} of ${id}, ${JSON.stringify(script)}, ${JSON.stringify(passed)}`)
    passed.up += script.uploadSize
    passed.down += script.size
  }
  try {
    await client.until(() => client.peer.hasSettings)
    await client.roundTrip()
    const upload = Math.min(4 * client.sendWindow, 1_048_576)
    const whole = Math.min(times * client.sendWindow, maxUpload)
    for (let up = 0; up < whole; up += upload) {
      await Promise.all([run({ uploadSize: upload, abortsAt: 'upload' }), run({ uploadSize: upload })])
    }
    for (let i = 0; i < givenUp; i++) {
      await giveUp(client)
      await overfill(client)
      await comeLate(client)
    }
    await run({ uploadSize: upload })
    const size = 262_144
    for (let down = 0; down < times * 65_535; down += size) {
      await Promise.all([run({ method: 'GET', upload: 'none', size, abortsAt: 'body' }), run({ size })])
    }
    await run({ method: 'GET', upload: 'none', size: 1_048_576 })
    return passed
  } finally {
    stop()
    client.wire.close()
  }
}

const piece = Buffer.alloc(16_000, 'given up')

const fieldsOf = (more: readonly Field[] = []): readonly Field[] => [
  [':method', 'POST'],
  [':scheme', 'https'],
  [':authority', 'app.example.com'],
  [':path', '/nobody'],
  ...more,
]

/** The reset comes with the data, before anybody can have taken it. */
async function giveUp(client: CarefulClient): Promise<void> {
  const stream = client.request(fieldsOf())
  await client.until(() => client.roomFor(stream) >= piece.length && client.sendWindow > 4 * piece.length)
  client.wire.socket.cork()
  for (let i = 0; i < 3; i++) client.data(stream, piece)
  client.reset(stream, errorCode.cancel)
  client.wire.socket.uncork()
}

/** The stream ends with the first byte beyond its length; what is behind that is for nobody. */
async function overfill(client: CarefulClient): Promise<void> {
  const stream = client.request(fieldsOf([['content-length', '1']]))
  await client.until(() => client.sendWindow > 8 * piece.length)
  for (let i = 0; i < 6; i++) client.data(stream, piece)
  await client.until(() => stream.isDone)
}

/** It has been answered, and nobody waits for the rest of it. */
async function comeLate(client: CarefulClient): Promise<void> {
  const stream = client.request(fieldsOf())
  await client.until(() => stream.isEnded && client.sendWindow > 4 * piece.length)
  for (let i = 0; i < 3 && stream.takesUpload; i++) client.data(stream, piece, { end: i === 2 })
}
