import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient, type RawResponse } from './raw-client.ts'

export type Load = { readonly requests: number; readonly failures: readonly unknown[] }

/**
 * What came of a steady stream of requests while something was done. A failure is any answer but the expected one, and a
 * connection that broke.
 */
export async function underLoad(
  port: number,
  host: string,
  isGood: (response: RawResponse) => boolean,
  work: () => Promise<void>,
): Promise<Load> {
  let done = false
  let requests = 0
  const failures: unknown[] = []
  const run = async (): Promise<void> => {
    const client = await RawClient.open(port)
    while (!done) {
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      const response = await client.response()
      requests++
      if (!isGood(response)) failures.push(response)
      // Steady, not as fast as it goes: the rest of the test shares the machine.
      await sleep(2)
    }
    client.close()
  }
  const clients = [0, 1, 2, 3].map(() => run().catch((error: unknown) => failures.push(error)))
  try {
    await work()
  } finally {
    done = true
    await Promise.all(clients)
  }
  return { requests, failures }
}
