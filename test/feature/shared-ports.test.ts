import { readdir, readlink } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'

let origin: Origin
let headgate: Headgate

const flags = ['--workers=2']
const manifests = (): Readonly<Record<string, string>> => ({
  'app.yaml': toYaml(ingress({ host: 'app.example.com' }), service('app', [origin.port])),
})

beforeAll(async () => {
  origin = await startOrigin(() => ok('app'))
  headgate = await startHeadgate({ manifests: manifests(), flags })
})

afterAll(async () => {
  await headgate.stop()
  await origin.close()
})

function workerPids(): readonly number[] {
  const lines = headgate.output().matchAll(/"worker":(\d+).*worker listens/g)
  return [...lines].map(([, pid]) => Number(pid))
}

/** Sockets that the process holds. */
async function socketsOf(pid: number): Promise<number> {
  const names = await readdir(`/proc/${pid}/fd`)
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
  return links.filter((link) => link.startsWith('socket:')).length
}

describe('workers that listen on one port', () => {
  it('share out connections among them', async () => {
    const [first = 0, second = 0] = workerPids()
    const before = [await socketsOf(first), await socketsOf(second)]
    const clients: RawClient[] = []
    for (let i = 0; i < 60; i++) {
      const client = await RawClient.open(headgate.http)
      clients.push(client)
      client.send('GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
      expect((await client.response()).body).toBe('app')
    }
    const more = [(await socketsOf(first)) - (before[0] ?? 0), (await socketsOf(second)) - (before[1] ?? 0)]
    for (const client of clients) client.close()
    // Chance gives one of two less than 10 of 60 once in ten million times.
    expect(Math.min(...more)).toBeGreaterThan(9)
  })

  it('keep a second Headgate away from it, which would take a part of their connections', async () => {
    const second = startHeadgate({ manifests: manifests(), flags: [...flags, `--http-port=${headgate.http}`] })
    await expect(second).rejects.toThrow(`${headgate.http}`)
  })
})
