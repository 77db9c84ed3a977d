import { CarefulClient } from '../support/careful-client.ts'
import type { Where } from '../support/raw-http2.ts'
import type { Endpoint } from './endpoint.ts'
import { exchange } from './exchange.ts'
import { type Script, steady } from './script.ts'

const times = 50
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
