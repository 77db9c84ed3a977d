import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { untilNothingIsOpen } from '../support/gauges.ts'
import type { Headgate } from '../support/headgate.ts'
import { openHttp2 } from '../support/http2-client.ts'
import { http1Lanes, http2Lanes, LaneBed } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type RawOrigin, startRawOrigin } from '../support/raw-origin.ts'
import { waitFor } from '../support/wait-for.ts'

const mb = 1024 * 1024
const piece = Buffer.alloc(mb, 'x')
const head = (line: string, more = '') => `${line} HTTP/1.1\r\nHost: app.example.com\r\n${more}\r\n`

/** Writes so many megabytes as fast as they are taken; tells how many were. */
function pour(socket: Socket, count: number): { readonly written: number } {
  const progress = { written: 0 }
  const write = (): void => {
    while (progress.written < count && socket.writable) {
      progress.written++
      if (!socket.write(piece)) return void socket.once('drain', write)
    }
  }
  write()
  return progress
}

let origin: RawOrigin
let onRequest: (socket: Socket, bytes: Buffer) => void
const bed = new LaneBed(() => ({
  manifests: { 'app.yaml': toYaml(ingress({ host: 'app.example.com' }), service('app', [origin.port])) },
}))

beforeAll(async () => {
  origin = await startRawOrigin((socket) => socket.once('data', (bytes) => onRequest(socket, Buffer.from(bytes))))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
})

async function resident(headgate: Headgate): Promise<number> {
  const status = await readFile(`/proc/${headgate.process.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** Pours 100 MB at each of 20 clients that do not read, and looks at what is taken and kept of it. */
async function expectLittleTaken(headgate: Headgate, ask: () => Promise<() => void>): Promise<void> {
  const progress: { readonly written: number }[] = []
  onRequest = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * mb}\r\n\r\n`)
    progress.push(pour(socket, 100))
  }
  const before = await resident(headgate)
  const leave = await ask()
  // Buffers of the kernel are filled when nothing has moved for ten looks.
  let last = -1
  let still = 0
  await waitFor(() => {
    const now = progress.reduce((sum, { written }) => sum + written, 0)
    still = now === last ? still + 1 : 0
    last = now
    return progress.length === 20 && still === 10
  })
  expect(last).toBeLessThan(20 * 20)
  expect((await resident(headgate)) - before).toBeLessThan(100)
  leave()
  await waitFor(() => origin.openSockets.size === 0)
}

describe.each(http2Lanes)('a body by $name', (lane) => {
  it('that nobody reads stays with the endpoint', async () => {
    const headgate = await bed.headgate(lane)
    const session = await openHttp2(headgate.https, 'app.example.com')
    await expectLittleTaken(headgate, async () => {
      const streams = Array.from({ length: 20 }, () => {
        const stream = session.request({ ':authority': 'app.example.com', ':path': '/' })
        stream.on('error', () => {})
        return stream
      })
      await Promise.all(streams.map((stream) => once(stream, 'response')))
      return () => {
        for (const stream of streams) stream.close()
      }
    })
    session.destroy()
    await untilNothingIsOpen(headgate)
  })
})

describe.each(http1Lanes)('a body by the $name', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  afterAll(() => untilNothingIsOpen(headgate))

  it('that nobody reads stays with the endpoint', async () => {
    await expectLittleTaken(headgate, async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => lane.open(headgate)))
      for (const client of clients) {
        client.socket.pause()
        client.send(head('GET /'))
      }
      return () => {
        for (const client of clients) client.close()
      }
    })
  })

  it('of 200 MB is neither kept nor changed on its way up', async () => {
    let received = 0
    onRequest = (socket, bytes) => {
      received = bytes.length - bytes.indexOf('\r\n\r\n') - 4
      socket.on('data', (chunk) => {
        received += chunk.length
        if (received === 200 * mb) socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')
      })
    }
    const before = await resident(headgate)
    const client = await lane.open(headgate)
    client.send(head('PUT /', `Content-Length: ${200 * mb}\r\n`))
    pour(client.socket, 200)
    expect((await client.response()).status).toBe(204)
    expect(received).toBe(200 * mb)
    expect((await resident(headgate)) - before).toBeLessThan(120)
    client.close()
  })

  it('that the endpoint does not read stays with the client', async () => {
    onRequest = (socket) => socket.pause()
    const client = await lane.open(headgate)
    client.send(head('PUT /', `Content-Length: ${100 * mb}\r\n`))
    const progress = pour(client.socket, 100)
    let last = -1
    let still = 0
    await waitFor(() => {
      still = progress.written === last ? still + 1 : 0
      last = progress.written
      return still === 20
    })
    expect(last).toBeLessThan(50)
    client.close()
    for (const socket of origin.openSockets) socket.destroy()
  })

  it('whose head comes one byte at a time is read like any other', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Slow: yes\r\n\r\nok'
    onRequest = (socket) => {
      let at = 0
      const next = (): void => {
        if (at < answer.length) socket.write(answer.charAt(at++), () => setImmediate(next))
      }
      socket.setNoDelay(true)
      next()
    }
    const client = await lane.open(headgate)
    client.send(head('GET /'))
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' })
    client.close()
    for (const socket of origin.openSockets) socket.destroy()
  })

  it('that is refused while it is being sent does not cost the client its answer', async () => {
    onRequest = (socket) => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nenough')
    const client = await lane.open(headgate)
    client.send(head('PUT /', `Content-Length: ${20 * mb}\r\n`))
    const progress = pour(client.socket, 20)
    // This client reads only when it has sent everything.
    client.socket.pause()
    await waitFor(() => progress.written === 20 && client.socket.writableLength === 0)
    client.socket.resume()
    expect(await client.response()).toMatchObject({ status: 403, body: 'enough' })
    client.close()
  })
})
