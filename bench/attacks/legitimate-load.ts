import { setTimeout as sleep } from 'node:timers/promises'
import { CarefulClient } from '../../test/http2/support/careful-client.ts'
import type { Where } from '../../test/http2/support/raw-http2.ts'

export type Latency = {
  readonly p50: number
  readonly p99: number
  readonly requests: number
  readonly failures: number
}

const connections = 4
/** Of each: often enough to see a pause, seldom enough to leave the machine to the others. */
const everyMs = 10

/** Requests at a steady rate for so long, and how long their answers took in milliseconds. */
export async function askSteadily(where: Where, seconds: number): Promise<Latency> {
  const times: number[] = []
  let failures = 0
  const end = performance.now() + seconds * 1_000
  const run = async (): Promise<void> => {
    const client = await CarefulClient.open(where)
    while (performance.now() < end) {
      const start = performance.now()
      const stream = client.request(
        [
          [':method', 'GET'],
          [':scheme', 'https'],
          [':authority', 'app.example.com'],
          [':path', '/'],
        ],
        { end: true },
      )
      await client.until(() => stream.isDone)
      if (stream.status !== 200) failures++
      times.push(performance.now() - start)
      client.streams.delete(stream.id)
      if (client.uncredited > 10_000) client.credit(undefined, client.uncredited)
      await sleep(everyMs)
    }
    client.wire.close()
  }
  await Promise.all(Array.from({ length: connections }, () => run().catch(() => failures++)))
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), requests: times.length, failures }
}
