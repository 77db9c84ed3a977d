import { afterAll, expect, it } from 'vitest'
import { http1Lanes, LaneBed } from '../support/lanes.ts'
import { toYaml } from '../support/objects.ts'
import { get } from './corpus/case.ts'

const bed = new LaneBed(() => ({ manifests: { 'app.yaml': toYaml() } }))

afterAll(() => bed.close())

// docs/reference/limits.md: ten seconds for a whole head.
it.concurrent.each([
  ['half a head', get().slice(0, -2)],
  ['a request, and half a head', get() + get().slice(0, -2)],
])('a client that has sent %s is told in every lane that time is up', async (_what, bytes) => {
  const answers = http1Lanes.map(async (lane) => {
    const client = await lane.open(await bed.headgate(lane))
    client.send(bytes)
    return client.untilEnd()
  })
  for (const received of await Promise.all(answers))
    expect(received).toMatch(/HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*\n$/)
})

// Nobody waits for an answer there: the fast lane says nothing, Node's server 408.
it.concurrent('a client that sends nothing loses its connection in every lane', async () => {
  const ends = http1Lanes.map(async (lane) => (await lane.open(await bed.headgate(lane))).untilEnd())
  for (const received of await Promise.all(ends)) expect(received).toMatch(/^(?:HTTP\/1\.1 408 |$)/)
})
