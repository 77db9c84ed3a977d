import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ok } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { badAnswers, badBodies } from './answers.ts'
import { type Bed, request, startBed, upstreamClients } from './bed.ts'

describe.each(upstreamClients)('an endpoint reached by the %s client', (client) => {
  let bed: Bed

  beforeAll(async () => {
    bed = await startBed(client)
  })
  afterAll(() => bed.close())

  const nextIsFine = async (): Promise<void> => {
    bed.respond = () => ok('fine')
    const downstream = await bed.open()
    downstream.send(request('POST'))
    expect(await downstream.response()).toMatchObject({ status: 200, body: 'fine' })
    downstream.close()
  }

  const refused = badAnswers.filter(({ inUndici }) => client === 'lean' || inUndici === undefined)

  it.each(refused)('is not believed, asked again or kept where it answers with $name', async ({ bytes }) => {
    bed.respond = (_seen, socket) => void socket.write(bytes, 'latin1')
    const seen = bed.origin.seen.length
    const count = await bed.count('bad-response')
    const downstream = await bed.open()
    downstream.send(request())
    const answer = await downstream.response()
    expect(answer.status).toBe(502)
    expect(answer.body).toContain('bad-response')
    downstream.close()
    expect(bed.origin.seen.length - seen).toBe(1)
    expect(await bed.count('bad-response')).toBe(count + 1)
    await waitFor(() => bed.origin.openSockets.size === 0)
    await nextIsFine()
  })

  it.each(badBodies)('breaks the client’s connection where its chunks go wrong: %s', async (_name, bytes) => {
    bed.respond = (_seen, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n${bytes}`, 'latin1')
      return undefined
    }
    const count = await bed.count('bad-response')
    const downstream = await bed.open()
    downstream.send(request())
    // Where head and body come in one piece, it may show before anything has gone to the client.
    const received = await downstream.untilEnd()
    expect(received).not.toMatch(/\r\n0\r\n(?:.*\r\n)*\r\n$/)
    downstream.close()
    expect(await bed.count('bad-response')).toBe(count + 1)
    await waitFor(() => bed.origin.openSockets.size === 0)
    await nextIsFine()
  })
})
