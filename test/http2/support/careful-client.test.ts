import { once } from 'node:events'
import { createServer, type Http2Server, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CarefulClient } from './careful-client.ts'
import { setting } from './frames.ts'

const name = fc.stringMatching(/^x-[a-z0-9-]{1,20}$/)
const value = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)) })
const answers = fc.array(fc.dictionary(name, value, { maxKeys: 10 }), { minLength: 1, maxLength: 6 })

describe('the client that tests use', () => {
  let server: Http2Server
  let port = 0
  let fields: OutgoingHttpHeaders = {}

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1')
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {})
      stream.respond(fields)
      stream.end('a body')
    })
    await once(server, 'listening')
    const address = server.address()
    port = typeof address === 'object' ? (address?.port ?? 0) : 0
  })

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve))
  })

  it('reads what another implementation writes, with a table of any size', async () => {
    const sizes = fc.constantFrom(0, 60, 4_096, 65_536)
    await fc.assert(
      fc.asyncProperty(answers, sizes, sizes, async (lists, before, after) => {
        const client = await CarefulClient.open({ port, isTls: false }, [[setting.tableSize, before]])
        for (const [i, list] of lists.entries()) {
          fields = list
          if (i === 2) client.changeSettings([[setting.tableSize, after]])
          const stream = client.request(
            [
              [':method', 'GET'],
              [':scheme', 'http'],
              [':path', '/'],
              [':authority', 'a'],
            ],
            { end: true },
          )
          await client.until(() => stream.isDone)
          const its = stream.head?.filter(([field]) => field.startsWith('x-'))
          expect(Object.fromEntries(its ?? [])).toEqual(list)
          expect(stream.body.toString()).toBe('a body')
        }
        client.wire.close()
      }),
    )
  })

  it('tells a server that sends more than it was allowed to', async () => {
    const client = await CarefulClient.open({ port, isTls: false })
    client.receiveWindow = 3
    fields = {}
    client.request(
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', 'a'],
      ],
      { end: true },
    )
    await expect(client.until(() => false)).rejects.toThrow('beyond the window of the connection, by 3')
  })
})
