import { describe, expect, it, onTestFinished } from 'vitest'
import { CarefulClient } from '../support/careful-client.ts'
import { startSoakBed } from './bed.ts'
import { exchange } from './exchange.ts'
import { type Script, steady } from './script.ts'

const script: Script = {
  ...steady,
  uploadSize: 40_000,
  piece: 5_000,
  answer: 'chunked',
  hasTrailers: true,
  size: 60_000,
  pauseMs: 20,
}

const highest = 0x7fff_ffff

type Asked = { readonly id: number; readonly fault: string | undefined; readonly isAnswered: boolean }

/** Asks and asks until it is told the last stream that is taken. */
async function askUntilSentAway(client: CarefulClient, scripts: Map<string, Script>, name: string): Promise<Asked[]> {
  const all: Promise<Asked>[] = []
  const isSentAway = (): boolean => (client.goaway?.lastStreamId ?? highest) !== highest
  while (!isSentAway() && !client.wire.ended) {
    const id = client.nextId
    scripts.set(`${name}-${id}`, script)
    const asked = exchange({ client, id: `${name}-${id}`, script, random: () => 0.5 })
    all.push(
      asked.then(
        (fault) => ({ id, fault, isAnswered: true }),
        (error: Error) => ({ id, fault: error.message, isAnswered: false }),
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return Promise.all(all)
}

describe('a Headgate that stops while it is asked over HTTP/2', () => {
  it('warns, answers all streams up to the one that it names, and ends the connection', async () => {
    const bed = await startSoakBed({ isTls: true, flags: ['--lame-duck-seconds=1'] })
    onTestFinished(() => bed.close())
    const clients = await Promise.all(Array.from({ length: 4 }, () => CarefulClient.open(bed.where, [], 100_000_000)))
    const asked = clients.map((client, i) => askUntilSentAway(client, bed.endpoint.scripts, `drain-${i}`))
    const warned = Promise.all(clients.map((client) => client.until(() => client.goaway?.lastStreamId === highest)))
    const stopped = bed.headgate.stop()
    await warned
    for (const [i, client] of clients.entries()) {
      const results = (await asked[i]) ?? []
      await client.wire.untilEnd()
      const last = client.goaway?.lastStreamId ?? 0
      expect(client.goaway).toMatchObject({ code: 0 })
      expect(last).toBeGreaterThan(1)
      expect(results.filter(({ id }) => id <= last)).toSatisfy((taken: Asked[]) =>
        taken.every(({ fault, isAnswered }) => isAnswered && fault === undefined),
      )
      expect(results.filter(({ id, isAnswered }) => id > last && isAnswered)).toEqual([])
    }
    expect(await stopped).toBe(0)
    expect(bed.endpoint.faults).toEqual([])
  })
})
