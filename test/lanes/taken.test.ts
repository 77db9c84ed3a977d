import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Headgate } from '../support/headgate.ts'
import {
  fastLane,
  fastLaneOverTls,
  http1Lanes,
  http2Lane,
  LaneBed,
  plainLanes,
  standardLane,
} from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { get, host } from './corpus/case.ts'
import { doubtful } from './corpus/doubtful.ts'
import { plain } from './corpus/plain.ts'

let origin: Origin
const bed = new LaneBed(() => ({ manifests: { 'app.yaml': toYaml(ingress({ host }), service('app', [origin.port])) } }))
const bedOfWorkers = new LaneBed(() => ({
  manifests: { 'app.yaml': toYaml(ingress({ host }), service('app', [origin.port])) },
  flags: ['--workers=1'],
}))

beforeAll(async () => {
  origin = await startOrigin(() => ok('hello'))
})

afterAll(async () => {
  await bed.close()
  await bedOfWorkers.close()
  await origin.close()
})

type Taken = { readonly fast: number; readonly standard: number; readonly h2: number; readonly handovers: number }

async function taken(headgate: Headgate): Promise<Taken> {
  const metrics = await headgate.page('/metrics')
  const sum = (series: string): number =>
    [...metrics.matchAll(new RegExp(`^headgate_${series} (\\d+)$`, 'gm'))].reduce((all, [, n]) => all + Number(n), 0)
  const byLane = (lane: string): number => sum(`requests_by_lane_total\\{lane="${lane}"\\}`)
  const handovers = sum('fast_lane_handovers_total\\{reason="[a-z-]+"\\}')
  return { fast: byLane('fast'), standard: byLane('standard'), h2: byLane('h2'), handovers }
}

/** What was taken while something was done. */
async function takenBy(headgate: Headgate, work: () => Promise<unknown>): Promise<Taken> {
  const before = await taken(headgate)
  await work()
  const after = await taken(headgate)
  return {
    fast: after.fast - before.fast,
    standard: after.standard - before.standard,
    h2: after.h2 - before.h2,
    handovers: after.handovers - before.handovers,
  }
}

const none: Taken = { fast: 0, standard: 0, h2: 0, handovers: 0 }

describe.each(http1Lanes)('a client like wrk', (lane) => {
  const connections = 8
  const requests = 50

  it(`is carried by the ${lane.name}, all its requests`, async () => {
    const headgate = await bed.headgate(lane)
    const counts = await takenBy(headgate, () =>
      Promise.all(
        Array.from({ length: connections }, async () => {
          const client = await lane.open(headgate)
          for (let i = 0; i < requests; i++) {
            client.send(get())
            expect((await client.response()).body).toBe('hello')
          }
          client.close()
        }),
      ),
    )
    const all = connections * requests
    const isFast = lane === fastLane || lane === fastLaneOverTls
    expect(counts).toEqual({ ...none, ...(isFast ? { fast: all } : { standard: all }) })
  })
})

describe('the lanes', () => {
  it('count requests over HTTP/2 apart', async () => {
    const headgate = await bed.headgate(http2Lane)
    expect(await takenBy(headgate, () => http2Lane.call(headgate, { host }))).toEqual({ ...none, h2: 1 })
  })

  it.each(plainLanes)('are told to workers as well: $name', async (lane) => {
    const headgate = await bedOfWorkers.headgate(lane)
    const counts = await takenBy(headgate, () => lane.exchange(headgate, get()))
    expect(counts).toEqual({ ...none, ...(lane === fastLane ? { fast: 1 } : { standard: 1 }) })
  })
})

describe('the fast lane', () => {
  it.each(plain)('takes a plain request: %s', async (_name, bytes) => {
    const headgate = await bed.headgate(fastLane)
    const counts = await takenBy(headgate, () => fastLane.exchange(headgate, bytes))
    expect(counts).toEqual({ ...none, fast: 1 })
  })

  it.each(doubtful)('hands over: %s', async (_name, bytes) => {
    const headgate = await bed.headgate(fastLane)
    const before = await taken(headgate)
    const client = await fastLane.open(headgate)
    client.send(bytes)
    const after = await waitFor(async () => {
      const now = await taken(headgate)
      return now.handovers > before.handovers && now
    })
    client.close()
    expect([after.fast - before.fast, after.handovers - before.handovers]).toEqual([0, 1])
  })

  it('stays with a connection until its first request that is not plain, and never comes back', async () => {
    const headgate = await bed.headgate(fastLane)
    const counts = await takenBy(headgate, async () => {
      const client = await fastLane.open(headgate)
      for (const bytes of [get(), get(), get('TE: trailers\r\nConnection: TE\r\n'), get(), get()]) {
        client.send(bytes)
        expect((await client.response()).body).toBe('hello')
      }
      client.close()
    })
    expect(counts).toEqual({ ...none, fast: 2, standard: 3, handovers: 1 })
  })

  it('is not there where it is switched off', async () => {
    const headgate = await bed.headgate(standardLane)
    for (const [, bytes] of plain.slice(0, 5)) await standardLane.exchange(headgate, bytes)
    await standardLane.exchange(headgate, `${get()}nonsense`)
    const { fast, handovers } = await taken(headgate)
    expect([fast, handovers]).toEqual([0, 0])
  })
})
