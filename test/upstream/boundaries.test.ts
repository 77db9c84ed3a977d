import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ok } from '../support/origin.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Bed, request, startBed, type UpstreamClient, upstreamClients } from './bed.ts'

const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'

type TooMuch = readonly [name: string, bytes: string, method: string]

/** One answer that is good, and what comes behind it in the same piece. undici passes over empty lines. */
const tooMuch = (client: UpstreamClient): readonly TooMuch[] => [
  ['a second answer', `${ok('first')}${poison}`, 'GET'],
  [
    'a second answer behind chunks',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n${poison}`,
    'GET',
  ],
  ['one byte', `${ok('first')}x`, 'GET'],
  ...(client === 'lean' ? [['an empty line', `${ok('first')}\r\n`, 'GET'] as const] : []),
  ['a body longer than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst and more', 'GET'],
  ['a body to HEAD', ok('first'), 'HEAD'],
  ['a body in a 204', `HTTP/1.1 204 No Content\r\n\r\n${poison}`, 'GET'],
  ['a body in a 304', `HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison`, 'GET'],
  ['a second answer to HEAD', `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${poison}`, 'HEAD'],
  ['chunks in a 204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n', 'GET'],
]

describe.each(upstreamClients)('a connection of the %s client', (client) => {
  let bed: Bed

  beforeAll(async () => {
    bed = await startBed(client)
  })
  afterAll(() => bed.close())

  it.each(tooMuch(client))('is not used again where more comes than the answer: %s', async (_name, bytes, method) => {
    bed.respond = (_seen, socket) => void socket.write(bytes, 'latin1')
    const downstream = await bed.open()
    downstream.send(request(method))
    const first = await downstream.response(method === 'HEAD')
    // What it is worth is a matter of taste (204 with chunks); that nothing is left of it is not.
    expect(`${first.status} ${first.body}`).not.toContain('poison')
    await waitFor(() => bed.origin.openSockets.size === 0)
    bed.respond = () => ok('second')
    const { connections } = bed.origin
    downstream.send(request('POST'))
    expect(await downstream.response()).toMatchObject({ status: 200, body: 'second' })
    expect(bed.origin.connections - connections).toBe(1)
    downstream.close()
  })

  const unasked: readonly (readonly [name: string, bytes: string])[] = [
    ['an answer', poison],
    ['one byte', 'x'],
    ...(client === 'lean' ? [['an empty line', '\r\n'] as const] : []),
    ['what some servers say when they close', 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'],
  ]

  it.each(unasked)('is given up where something comes while it is idle: %s', async (_name, bytes) => {
    bed.respond = () => ok('first')
    const downstream = await bed.open()
    downstream.send(request())
    await downstream.response()
    const [socket] = bed.origin.openSockets
    if (socket === undefined) throw new Error('no connection')
    socket.write(bytes)
    await once(socket, 'close')
    bed.respond = () => ok('second')
    downstream.send(request('POST'))
    expect(await downstream.response()).toMatchObject({ status: 200, body: 'second' })
    downstream.close()
  })

  it('carries answers to whom they belong, however many ask at a time', async () => {
    bed.respond = (seen, socket) => {
      const name = /name: (\S+)/.exec(seen.raw)?.[1] ?? ''
      const answer = Number(name) % 3 === 0 ? `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n` : ok(name)
      setTimeout(() => {
        if (answer.includes('chunked')) socket.write(`${answer}${name.length}\r\n${name}\r\n0\r\n\r\n`)
        else socket.write(answer)
      }, Number(name) % 7)
      return undefined
    }
    const clients = await Promise.all(Array.from({ length: 20 }, () => bed.open()))
    await Promise.all(
      clients.map(async (downstream, i) => {
        for (let round = 0; round < 20; round++) {
          const name = `${i * 20 + round}`
          downstream.send(request('GET', `name: ${name}\r\n`))
          expect((await downstream.response()).body).toBe(name)
        }
        downstream.close()
      }),
    )
  })
})
