import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type H2cOrigin, serviceThatSpeaks, startH2cOrigin } from '../support/h2c-origin.ts'
import { fastLane, http1Lanes, http2Lane, LaneBed } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'

const host = 'app.example.com'
const large = 'z'.repeat(300_000)

let origin: H2cOrigin
let other: H2cOrigin
let plain: Origin
const rules = ingress({ host })
const bed = new LaneBed(() => ({
  manifests: { 'app.yaml': toYaml(rules, serviceThatSpeaks('kubernetes.io/h2c', 'app', [origin.port, other.port])) },
}))

beforeAll(async () => {
  const start = (): Promise<H2cOrigin> =>
    startH2cOrigin((stream, head) => {
      if (head[':path'] === '/large') {
        stream.respond({ ':status': 200, 'x-by': 'h2c' })
        stream.end(large)
      } else if (head[':path'] === '/none') {
        stream.respond({ ':status': 204 }, { endStream: true })
      } else {
        stream.respond({ ':status': 200, 'content-type': 'text/plain' })
        stream.pipe(stream)
      }
    })
  origin = await start()
  other = await start()
  plain = await startOrigin(() => ok('plain'))
})

afterAll(async () => {
  await bed.close()
  await origin.close()
  await other.close()
  await plain.close()
})

describe.each([...http1Lanes, http2Lane])('endpoints that speak HTTP/2 without TLS, by the $name', (lane) => {
  it('answer a request with a body', async () => {
    const answer = await lane.call(await bed.headgate(lane), { host, method: 'POST', body: 'hello' })
    expect(answer.status).toBe(200)
    expect(answer.body.replaceAll(/^5\r\n|\r\n0\r\n\r\n$/g, '')).toBe('hello')
    expect(answer.values('content-type')).toEqual(['text/plain'])
  })

  it('answer with nothing but a head', async () => {
    const answer = await lane.call(await bed.headgate(lane), { host, path: '/none' })
    expect(answer.status).toBe(204)
  })

  it('answer with much', async () => {
    const answer = await lane.call(await bed.headgate(lane), { host, path: '/large' })
    expect(answer.body.replaceAll(/[^z]/g, '')).toBe(large)
    expect(answer.values('x-by')).toEqual(['h2c'])
  })

  it('take turns', async () => {
    const headgate = await bed.headgate(lane)
    const before = [origin.seen.length, other.seen.length] as const
    for (let i = 0; i < 4; i++) await lane.call(headgate, { host, path: '/none' })
    expect([origin.seen.length - before[0], other.seen.length - before[1]]).toEqual([2, 2])
  })
})

describe('a Service whose port says something else', () => {
  it('is spoken to in the new way from then on', async () => {
    const headgate = await bed.headgate(fastLane)
    await headgate.write('app.yaml', toYaml(rules, service('app', [plain.port])))
    await headgate.routesUntil((routes) => routes.includes('default/app:80 (1 endpoint)'))
    expect((await fastLane.call(headgate, { host })).body).toBe('plain')
    const wantsTls = toYaml(rules, serviceThatSpeaks('https', 'app', [plain.port]))
    await headgate.write('app.yaml', wantsTls)
    await headgate.routesUntil((routes) => routes.includes('AppProtocolUnsupported'))
    expect((await fastLane.call(headgate, { host })).body).toBe('plain')
    await headgate.write('app.yaml', toYaml(rules, serviceThatSpeaks('grpc', 'app', [origin.port])))
    await headgate.routesUntil((routes) => routes.includes('(1 endpoint, h2c)'))
    expect((await fastLane.call(headgate, { host, path: '/none' })).status).toBe(204)
  })
})
