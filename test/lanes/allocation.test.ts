import { createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { fastLane } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'
import { get, host } from './corpus/case.ts'

const requests = 100_000
const connections = 32
const warmUp = 20_000
/** A leak of 20 bytes a request is more than this. */
const keptBytes = 2 * 1024 * 1024

const probe = fileURLToPath(new URL('../support/heap-probe.mjs', import.meta.url))
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

let backend: Server
let headgate: Headgate

beforeAll(async () => {
  // One answer for each read: no request is as large as to come in two.
  backend = createServer((socket) => {
    socket.on('data', () => socket.write(answer, 'latin1'))
    socket.on('error', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => backend.once('listening', resolve))
  const address = backend.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  headgate = await startHeadgate({
    manifests: { 'app.yaml': toYaml(ingress({ host }), service('app', [address.port])) },
    flags: fastLane.flags,
    env: { NODE_OPTIONS: `--expose-gc --import=${probe}` },
  })
})

afterAll(async () => {
  await headgate.stop()
  backend.close()
})

/** As wrk does: each connection sends its next request when it has the whole answer. */
async function load(total: number): Promise<void> {
  const bytes = get()
  let left = total
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const { socket } = await RawClient.open(headgate.http)
      socket.removeAllListeners('data')
      await new Promise<void>((resolve, reject) => {
        let received = ''
        const next = (): void => {
          if (left-- > 0) socket.write(bytes, 'latin1')
          else resolve()
        }
        socket.on('close', () => reject(new Error('cut')))
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1')
          if (!received.endsWith('\r\n\r\nhello')) return
          received = ''
          next()
        })
        next()
      })
      socket.destroy()
    }),
  )
}

async function kept(): Promise<number> {
  const seen = headgate.output().length
  headgate.process.kill('SIGUSR2')
  const line = await waitFor(() => /heap-probe kept=(\d+)/.exec(headgate.output().slice(seen)) ?? undefined)
  return Number(line[1])
}

it(`the heap keeps nothing of ${requests} requests`, { timeout: 120_000 }, async () => {
  await load(warmUp)
  const before = await kept()
  await load(requests)
  const grown = (await kept()) - before
  process.stdout.write(`heap: ${Math.round(before / 1024)} KiB, ${Math.round(grown / 1024)} KiB more afterwards\n`)
  expect(grown).toBeLessThan(keptBytes)
  const metrics = await headgate.page('/metrics')
  expect(metrics).toContain(`\nheadgate_requests_by_lane_total{lane="fast"} ${warmUp + requests}\n`)
})
