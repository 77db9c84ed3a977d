import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Headgate } from '../support/headgate.ts'
import { http1Lanes, LaneBed } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'

const host = 'Host: app.example.com\r\n'

// What node:http accepts or could be made to pass on, and a gateway must not.
const refused: readonly (readonly [name: string, bytes: string, status: number])[] = [
  ['two Host fields', `GET / HTTP/1.1\r\n${host}${host}\r\n`, 400],
  ['two Host fields in different case', `GET / HTTP/1.1\r\n${host}hOsT: b\r\n\r\n`, 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400],
  ['a Host with userinfo', 'GET / HTTP/1.1\r\nHost: u@app.example.com\r\n\r\n', 400],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: app.example.com/x\r\n\r\n', 400],
  ['a Host with a comma', 'GET / HTTP/1.1\r\nHost: app.example.com, b\r\n\r\n', 400],
  ['an asterisk with GET', `GET * HTTP/1.1\r\n${host}\r\n`, 400],
  ['a fragment in the target', `GET /a#b HTTP/1.1\r\n${host}\r\n`, 400],
  ['a backslash in the target', `GET /a\\..\\b HTTP/1.1\r\n${host}\r\n`, 400],
  ['an encoded NUL in the target', `GET /a%00b HTTP/1.1\r\n${host}\r\n`, 400],
  ['a path that climbs above the root', `GET /../etc HTTP/1.1\r\n${host}\r\n`, 400],
  ['dots behind an encoded slash', `GET /public%2f..%2fadmin HTTP/1.1\r\n${host}\r\n`, 400],
  ['an HTTP/2.0 request line', `GET / HTTP/2.0\r\n${host}\r\n`, 505],
  ['Transfer-Encoding in HTTP/1.0', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['an unknown transfer coding', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ['an empty transfer coding', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n`, 501],
  [
    'length and chunks',
    `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'chunks and length',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['two lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
  ['two lengths in one field', `POST / HTTP/1.1\r\n${host}Content-Length: 5, 5\r\n\r\nhello`, 400],
  ['a signed length', `POST / HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nhello`, 400],
  ['a space before the colon', `GET / HTTP/1.1\r\n${host}X-A : b\r\n\r\n`, 400],
  ['a folded field', `GET / HTTP/1.1\r\n${host}X-A: b\r\n c\r\n\r\n`, 400],
  ['a bare line feed', `GET / HTTP/1.1\r\n${host}X-A: b\nX-B: c\r\n\r\n`, 400],
  ['a bare carriage return', `GET / HTTP/1.1\r\n${host}X-A: b\rX-B: c\r\n\r\n`, 400],
  ['a NUL in a value', `GET / HTTP/1.1\r\n${host}X-A: b\0c\r\n\r\n`, 400],
  [
    'a chunk size in the wrong base',
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
    400,
  ],
  ['two Authorization fields', `GET / HTTP/1.1\r\n${host}Authorization: a\r\nAuthorization: b\r\n\r\n`, 400],
  ['TRACE', `TRACE / HTTP/1.1\r\n${host}\r\n`, 405],
  ['CONNECT', `CONNECT app.example.com:443 HTTP/1.1\r\n${host}\r\n`, 405],
  ['fields of 40 KB', `GET / HTTP/1.1\r\n${host}X-A: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
  ['200 fields', `GET / HTTP/1.1\r\n${host}${'X-A: b\r\n'.repeat(200)}\r\n`, 431],
]

let origin: Origin
const bed = new LaneBed(() => ({
  manifests: {
    'app.yaml': toYaml(ingress({ host: 'app.example.com' }), ingress({ name: 'any' }), service('app', [origin.port])),
  },
}))

beforeAll(async () => {
  origin = await startOrigin(() => ok('seen'))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

describe.each(http1Lanes)('a hostile request to the $name', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  it.each(refused)(
    'with %s is refused, ends its connection, and no endpoint hears of it',
    async (_name, bytes, status) => {
      const before = origin.seen.length
      const client = await lane.open(headgate)
      // A second request behind it must not be taken for one of its own either.
      client.send(`${bytes}GET /smuggled HTTP/1.1\r\n${host}\r\n`)
      const received = await client.untilEnd()
      expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      expect(origin.seen.slice(before).map(({ line }) => line)).toEqual([])
    },
  )

  it('in HTTP/0.9 ends its connection and no endpoint hears of it', async () => {
    const before = origin.seen.length
    const client = await lane.open(headgate)
    client.send('GET /\r\n\r\n')
    await client.untilEnd()
    expect(origin.seen.length).toBe(before)
  })

  it('in good shape is served beside all that', async () => {
    const client = await lane.open(headgate)
    client.send(`GET / HTTP/1.1\r\n${host}\r\n`)
    expect((await client.response()).body).toBe('seen')
    client.close()
  })
})
