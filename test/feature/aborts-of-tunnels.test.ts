import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { untilNothingIsOpen } from '../support/gauges.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { RawClient } from '../support/raw-client.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
const handshake =
  'GET / HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  `Sec-WebSocket-Accept: ${accept}\r\n\r\n`

describe('a tunnel of which one side goes away', () => {
  let headgate: Headgate
  let origin: Server
  let onConnection: (socket: Socket) => void

  beforeAll(async () => {
    origin = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => socket.destroy())
      onConnection(socket)
    }).listen(0, '127.0.0.1')
    await once(origin, 'listening')
    const address = origin.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const yaml = toYaml(ingress({ host: 'app.example.com' }), service('app', [address.port]))
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml } })
  })

  afterEach(() => untilNothingIsOpen(headgate))

  afterAll(async () => {
    await headgate.stop()
    origin.close()
  })

  const tunnel = async (answer: string): Promise<{ client: RawClient; upstream: Socket }> => {
    const connected = new Promise<Socket>((resolve) => {
      onConnection = resolve
    })
    const client = await RawClient.open(headgate.http)
    client.send(handshake)
    const upstream = await connected
    await once(upstream, 'data')
    upstream.write(answer)
    await client.until((received) => received.includes('\r\n\r\n'))
    return { client, upstream }
  }

  it('ends, also where the endpoint does not care that its client has left', async () => {
    const { client, upstream } = await tunnel(switching)
    client.close()
    await once(upstream, 'end')
    await untilNothingIsOpen(headgate)
    upstream.destroy()
  })

  it('ends, also where the client does not care that the endpoint has left', async () => {
    const { client, upstream } = await tunnel(switching)
    upstream.end('last words')
    expect(await client.untilEnd()).toMatch(/last words$/)
    await untilNothingIsOpen(headgate)
    client.close()
    upstream.destroy()
  })

  it('breaks for the endpoint when its client’s connection breaks', async () => {
    const { client, upstream } = await tunnel(switching)
    const closed = once(upstream, 'close')
    client.socket.resetAndDestroy()
    upstream.resume()
    upstream.once('end', () => upstream.end())
    await closed
  })

  it('that was refused ends for the endpoint when the client leaves in the middle of the refusal', async () => {
    const { client, upstream } = await tunnel('HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf')
    client.close()
    upstream.resume()
    await once(upstream, 'end')
    upstream.destroy()
  })
})
