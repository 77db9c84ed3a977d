import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadPort } from '../support/dead-port.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { fastLane, http2Lane, type Lane, LaneBed, lanesToEndpoints, plainLanes } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const host = 'app.example.com'
let origin: Origin

beforeAll(async () => {
  origin = await startOrigin(({ line }, socket) => {
    if (line.includes('/never')) return undefined
    if (line.includes('/reset')) {
      socket.destroy()
      return undefined
    }
    return ok('answer')
  })
})

afterAll(() => origin.close())

function bedWith(...flags: string[]): LaneBed {
  return new LaneBed(() => ({
    manifests: { 'app.yaml': toYaml(ingress({ host }), service('app', [origin.port])) },
    flags,
  }))
}

/** Those with this in them. Another line comes only after all that are on the way: order is that of a process. */
async function linesWith(headgate: Headgate, text: string): Promise<readonly string[]> {
  const client = await RawClient.open(headgate.http)
  const marker = `/marker${Math.random()}`
  client.send(`GET ${marker} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await client.response()
  client.close()
  await waitFor(() => headgate.output().includes(marker))
  return headgate
    .output()
    .split('\n')
    .filter((line) => line.includes(text))
}

async function lineWith(headgate: Headgate, text: string): Promise<string> {
  const [line = '', ...more] = await waitFor(async () => {
    const lines = await linesWith(headgate, text)
    return lines.length > 0 && lines
  })
  expect(more).toEqual([])
  return line
}

const fields = [
  ['User-Agent', 'test "1"'],
  ['Referer', 'https://example.com/'],
  ['Authorization', `Basic ${Buffer.from('alice:secret').toString('base64')}`],
] as const

const version = (lane: Lane): string => (lane.name.startsWith('HTTP/2') ? '2.0' : '1.1')
const local = '\\[\\d\\d/\\w{3}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4}\\]'

describe('--access-log=combined', () => {
  const bed = bedWith('--access-log=combined')
  afterAll(() => bed.close())

  it.each(lanesToEndpoints)('has a line for an answer ($name)', async (lane) => {
    const headgate = await bed.headgate(lane)
    const path = `/ok?${encodeURIComponent(lane.name)}`
    expect(await lane.call(headgate, { host, path, fields })).toMatchObject({ status: 200 })
    const line = await lineWith(headgate, path)
    const request = `GET ${path.replace('?', '\\?')} HTTP/${version(lane)}`
    expect(line).toMatch(
      new RegExp(`^127\\.0\\.0\\.1 - alice ${local} "${request}" 200 6 "https://example.com/" "test \\\\x221\\\\x22"$`),
    )
    expect(headgate.output()).not.toContain('secret')
  })

  it.each([fastLane, http2Lane])('has a line for what no rule takes and for a failure ($name)', async (lane) => {
    const headgate = await bed.headgate(lane)
    const [nowhere, reset] = [`/nowhere?${lane.name}`, `/reset?${lane.name}`].map((path) => path.replaceAll(' ', '-'))
    await lane.call(headgate, { host: 'other.example.com', path: nowhere ?? '' })
    expect(await lineWith(headgate, nowhere ?? '')).toContain(`HTTP/${version(lane)}" 404 `)
    await lane.call(headgate, { host, path: reset ?? '', method: 'POST', body: 'x' })
    expect(await lineWith(headgate, reset ?? '')).toContain(`HTTP/${version(lane)}" 502 `)
  })

  it.each(plainLanes)('has a line for who has left ($name)', async (lane) => {
    const headgate = await bed.headgate(lane)
    const path = `/never?${lane.name}`.replaceAll(' ', '-')
    const seen = origin.seen.length
    const client = await lane.open(headgate)
    client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    await waitFor(() => origin.seen.length > seen)
    client.reset()
    expect(await lineWith(headgate, path)).toMatch(/ HTTP\/1\.1" 499 0 "-" "-"$/)
  })
})

describe('--access-log=ingress-nginx', () => {
  const bed = bedWith('--access-log=ingress-nginx')
  afterAll(() => bed.close())

  it.each(lanesToEndpoints)('has a line for an answer ($name)', async (lane) => {
    const headgate = await bed.headgate(lane)
    const path = `/ok?${encodeURIComponent(lane.name)}`
    await lane.call(headgate, {
      host,
      path,
      fields: [['X-Request-ID', '0123456789abcdef']],
      method: 'POST',
      body: 'hello',
    })
    const line = await lineWith(headgate, path)
    const [, length, ...rest] =
      / "POST [^"]+" 200 6 "-" "-" (\d+) (\d+\.\d{3}) \[(\S+)\] \[\] (\S+) (\d+) (\d+\.\d{3}) (\d+) ([0-9a-f]+)$/.exec(
        line,
      ) ?? []
    expect(Number(length)).toBeGreaterThan(`POST ${path} HTTP/1.1`.length + '0123456789abcdef'.length + 5)
    const [duration, backend, endpoint, bytes, upstreamDuration, status] = rest
    expect({ backend, endpoint, bytes, status }).toEqual({
      backend: 'default-app-80',
      endpoint: `127.0.0.1:${origin.port}`,
      bytes: '6',
      status: '200',
    })
    expect(Number(upstreamDuration)).toBeLessThanOrEqual(Number(duration))
  })

  it.each(plainLanes)('counts the bytes of a request as they came ($name)', async (lane) => {
    const headgate = await bed.headgate(lane)
    const path = `/length?${lane.name}`.replaceAll(' ', '-')
    const bytes = `PUT ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Some: thing\r\nContent-Length: 5\r\n\r\nhello`
    await lane.exchange(headgate, bytes)
    expect(await lineWith(headgate, path)).toContain(` 200 6 "-" "-" ${bytes.length} `)
  })

  it('lists the attempts where there were several', async () => {
    const dead = await deadPort()
    const manifests = { 'app.yaml': toYaml(ingress({ host }), service('app', [origin.port, dead])) }
    const headgate = await startHeadgate({ manifests, flags: ['--access-log=ingress-nginx'] })
    for (const path of ['/one', '/two']) await fastLane.call(headgate, { host, path })
    const lines = [await lineWith(headgate, '/one'), await lineWith(headgate, '/two')]
    const lists = `127.0.0.1:${dead}, 127.0.0.1:${origin.port} 0, 6 \\d.\\d{3}, \\d.\\d{3} 502, 200 `
    expect(lines.filter((line) => new RegExp(` \\[\\] ${lists}`).test(line))).toHaveLength(1)
    await headgate.stop()
  })

  it('has a line for a failure and for what no rule takes', async () => {
    const headgate = await bed.headgate(fastLane)
    await fastLane.call(headgate, { host, path: '/reset/1', method: 'POST', body: 'x' })
    expect(await lineWith(headgate, '/reset/1')).toMatch(
      / 502 \d+ "-" "-" \d+ \d+\.\d{3} \[default-app-80\] \[\] 127\.0\.0\.1:\d+ 0 \d+\.\d{3} 502 [0-9a-f]{32}$/,
    )
    await fastLane.call(headgate, { host: 'other.example.com', path: '/nowhere/1' })
    expect(await lineWith(headgate, '/nowhere/1')).toMatch(
      / 404 \d+ "-" "-" \d+ \d+\.\d{3} \[-\] \[\] - - - - [0-9a-f]{32}$/,
    )
  })
})

describe('--access-log=json', () => {
  const bed = bedWith('--access-log=json')
  afterAll(() => bed.close())

  it.each(lanesToEndpoints)('tells when the answer began ($name)', async (lane) => {
    const headgate = await bed.headgate(lane)
    const path = `/first?${encodeURIComponent(lane.name)}`
    await lane.call(headgate, { host, path })
    const { firstByteDuration, duration } = JSON.parse(await lineWith(headgate, path))
    expect(firstByteDuration).toBeGreaterThan(0)
    expect(duration).toBeGreaterThanOrEqual(firstByteDuration)
  })

  it('tells how long a new connection took, and nothing of one that was there', async () => {
    const own = await startOrigin(() => ok('answer'))
    const manifests = { 'app.yaml': toYaml(ingress({ host }), service('app', [own.port])) }
    for (const flag of ['--lean-upstream=true', '--lean-upstream=false']) {
      const headgate = await startHeadgate({ manifests, flags: ['--access-log=json', flag] })
      for (const path of ['/one', '/two']) await fastLane.call(headgate, { host, path })
      const [one, two] = [JSON.parse(await lineWith(headgate, '/one')), JSON.parse(await lineWith(headgate, '/two'))]
      expect(one.connectDuration).toBeGreaterThan(0)
      expect(one.firstByteDuration).toBeGreaterThanOrEqual(one.connectDuration)
      expect(two.firstByteDuration).toBeGreaterThan(0)
      expect(two).not.toHaveProperty('connectDuration')
      await headgate.stop()
    }
    await own.close()
  })
})

describe('--access-log-fields', () => {
  const bed = bedWith('--access-log=json', '--access-log-fields=target,status,connectDuration', '--workers=1')
  afterAll(() => bed.close())

  it('has a line with these alone, also of a worker', async () => {
    const headgate = await bed.headgate(fastLane)
    await fastLane.call(headgate, { host: 'other.example.com', path: '/nowhere' })
    expect(await lineWith(headgate, '/nowhere')).toBe('{"target":"/nowhere","status":404}')
  })

  it('with unknown names keeps the program from starting, and all of them are told at once', () => {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    const argv = [main, 'serve', '--access-log=json', '--access-log-fields=statsu,xyzzy,time', '--workers=many']
    const run = (): string => execFileSync(process.execPath, argv, { stdio: 'pipe', encoding: 'utf8' })
    expect(run).toThrow(
      expect.objectContaining({
        status: 2,
        stderr: [
          "headgate: --workers: 'many' is not a whole number of workers from 0 to 1024",
          "headgate: --access-log-fields: 'statsu' is not a field of the access log, did you mean status?",
          "headgate: --access-log-fields: 'xyzzy' is not a field of the access log\n",
        ].join('\n'),
      }),
    )
  })
})
