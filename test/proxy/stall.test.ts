import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { StallWatch, stallTimeoutMs } from '../../src/proxy/stall.ts'
import { defaultSettings } from '../../src/router/table.ts'

const servers: Server[] = []
const watches: StallWatch[] = []

async function connectionOf(isBusy: (socket: Socket) => boolean): Promise<{ client: Socket; served: Socket }> {
  const sockets: Socket[] = []
  watches.push(new StallWatch({ timeoutMs: () => 40, sockets, isBusy, sweepEveryMs: 5 }))
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [served] = (await accepted) as [Socket]
  return { client, served }
}

afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop()
  for (const server of servers.splice(0)) server.close()
})

describe('the watch for stalled connections', () => {
  it('cuts one on which nothing moves while an exchange is under way', async () => {
    const { client, served } = await connectionOf(() => true)
    client.resume()
    await Promise.all([once(served, 'close'), once(client, 'close')])
  })

  it('cuts a client that stops reading', async () => {
    const { client, served } = await connectionOf(() => true)
    client.pause()
    served.write(Buffer.alloc(32 * 1024 * 1024))
    await once(served, 'close')
    client.destroy()
  })

  it('leaves one alone on which bytes move, however slowly, and one that is idle', async () => {
    const moving = await connectionOf(() => true)
    const idle = await connectionOf(() => false)
    moving.served.resume()
    for (let i = 0; i < 20; i++) {
      moving.client.write('x')
      await once(moving.served, 'data')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(moving.served.destroyed).toBe(false)
    expect(idle.served.destroyed).toBe(false)
    moving.client.destroy()
    idle.client.destroy()
  })
})

it('a stall is longer than an endpoint may be silent', () => {
  expect(stallTimeoutMs(defaultSettings)).toBe(75_000)
  expect(stallTimeoutMs({ ...defaultSettings, readTimeoutMs: 300_000 })).toBe(315_000)
})
