import { randomFrom } from '../support/random.ts'
import type { Where } from '../support/raw-http2.ts'
import { type Counts, noCounts, soakConnection } from './connection.ts'
import type { Endpoint } from './endpoint.ts'

export type SoakOptions = {
  readonly where: Where
  readonly endpoint: Endpoint
  readonly seed: number
  /** The first connection, and how many; a failure names its own. */
  readonly from: number
  readonly connections: number
  readonly atOnce: number
  /** No new one is begun after that. */
  readonly untilMs: number
}

/** Many connections, some at a time. Each is made of the seed and its number alone. Rejects with the first failure. */
export async function soak(options: SoakOptions): Promise<Counts> {
  const { where, endpoint, seed, from, connections, atOnce, untilMs } = options
  const counts: Counts = { ...noCounts }
  let next = from
  let isFailed = false
  const lane = async (): Promise<void> => {
    while (next < from + connections && !isFailed && performance.now() < untilMs) {
      const number = next++
      const random = randomFrom(seed * 1_000_003 + number)
      try {
        await soakConnection({ where, endpoint, name: `${seed}-${number}`, random }, counts)
      } catch (error) {
        isFailed = true
        throw new Error(`seed ${seed}, connection ${number}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  if (endpoint.faults.length > 0) throw new Error(`seed ${seed}: the endpoint saw ${endpoint.faults.join('; ')}`)
  return counts
}
