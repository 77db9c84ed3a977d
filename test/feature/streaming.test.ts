import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../support/certificates.ts'
import { untilNothingIsOpen } from '../support/gauges.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { openHttp2 } from '../support/http2-client.ts'
import { ingress, service, tlsSecret, toYaml } from '../support/objects.ts'
import { RawClient } from '../support/raw-client.ts'
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

describe('a body', () => {
  let headgate: Headgate
  let origin: RawOrigin
  let session: ClientHttp2Session
  let onRequest: (socket: Socket, bytes: Buffer) => void

  beforeAll(async () => {
    origin = await startRawOrigin((socket) => socket.once('data', (bytes) => onRequest(socket, Buffer.from(bytes))))
    const yaml = toYaml(
      ingress({ host: 'app.example.com', tls: [{ hosts: ['app.example.com'], secretName: 'app' }] }),
      service('app', [origin.port]),
      tlsSecret('app', makeCertificate(['app.example.com'])),
    )
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml } })
    session = await openHttp2(headgate.https, 'app.example.com')
  })

  afterAll(async () => {
    session.destroy()
    await untilNothingIsOpen(headgate)
    await headgate.stop()
    await origin.close()
  })

  const resident = async (): Promise<number> => {
    const status = await readFile(`/proc/${headgate.process.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  }

  it('that nobody reads stays with the endpoint, over both protocols', async () => {
    const progress: { readonly written: number }[] = []
    onRequest = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 * mb}\r\n\r\n`)
      progress.push(pour(socket, 100))
    }
    const before = await resident()
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(headgate.http)))
    for (const client of clients) {
      client.socket.pause()
      client.send(head('GET /'))
    }
    const streams = Array.from({ length: 20 }, () => {
      const stream = session.request({ ':authority': 'app.example.com', ':path': '/' })
      stream.on('error', () => {})
      return stream
    })
    await Promise.all(streams.map((stream) => once(stream, 'response')))
    // Buffers of the kernel are filled when nothing has moved for ten looks.
    let last = -1
    let still = 0
    await waitFor(() => {
      const now = progress.reduce((sum, { written }) => sum + written, 0)
      still = now === last ? still + 1 : 0
      last = now
      return progress.length === 40 && still === 10
    })
    expect(last).toBeLessThan(40 * 20)
    expect((await resident()) - before).toBeLessThan(150)
    for (const client of clients) client.close()
    for (const stream of streams) stream.close()
    await waitFor(() => origin.openSockets.size === 0)
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
    const before = await resident()
    const client = await RawClient.open(headgate.http)
    client.send(head('PUT /', `Content-Length: ${200 * mb}\r\n`))
    pour(client.socket, 200)
    expect((await client.response()).status).toBe(204)
    expect(received).toBe(200 * mb)
    expect((await resident()) - before).toBeLessThan(120)
    client.close()
  })

  it('that the endpoint does not read stays with the client', async () => {
    onRequest = (socket) => socket.pause()
    const client = await RawClient.open(headgate.http)
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
    const client = await RawClient.open(headgate.http)
    client.send(head('GET /'))
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' })
    client.close()
    for (const socket of origin.openSockets) socket.destroy()
  })

  it('that is refused while it is being sent does not cost the client its answer', async () => {
    onRequest = (socket) => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nenough')
    const client = await RawClient.open(headgate.http)
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
