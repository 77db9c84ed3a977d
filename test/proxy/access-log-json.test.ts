import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxLineBytes } from '../../src/log-output.ts'
import type { AccessLogEntry } from '../../src/proxy/access-log-entry.ts'
import { formatJsonLine } from '../../src/proxy/access-log-json.ts'
import { bareEntry, entries, fullEntry } from './access-log-entries.ts'

function rounded(duration: number | undefined): number | undefined {
  return duration === undefined ? undefined : Math.round(duration * 1e6) / 1e6
}

function expectedOf(entry: AccessLogEntry): Record<string, unknown> {
  const { time, clientAddress, route, duration, connectDuration, firstByteDuration, ...rest } = entry
  const { requestLength, backend, upstreamStatus, upstreamBytes, upstreamDuration, earlier, user, ...same } = rest
  const all = {
    ...same,
    level: 'info',
    message: 'request',
    time: new Date(time).toISOString(),
    client: clientAddress,
    duration: rounded(duration),
    connectDuration: rounded(connectDuration),
    firstByteDuration: rounded(firstByteDuration),
    route: route?.id,
    namespace: route?.origin.namespace,
    ingress: route?.origin.name,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

describe('a line of the access log in JSON', () => {
  it('has all that is known', () => {
    expect(formatJsonLine(fullEntry)).toBe(
      '{"level":"info","time":"2026-11-21T12:00:00.007Z","message":"request","requestId":"0123456789abcdef0123456789abcdef",' +
        '"client":"10.42.0.17","method":"GET","host":"shop.example.com","target":"/cart?item=7","httpVersion":"1.1",' +
        '"scheme":"https","tlsVersion":"TLSv1.3","lane":"fast","status":502,"requestBytes":12,"responseBytes":345,' +
        '"duration":0.012345,"connectDuration":0.001234,"firstByteDuration":0.011987,"route":"Ingress/shop/web/spec.rules[0].http.paths[1]","namespace":"shop","ingress":"web",' +
        '"service":"cart","endpoint":"10.42.0.9:8080","attempts":2,"reason":"connect-refused","userAgent":"curl/8.5.0",' +
        '"referer":"https://shop.example.com/"}\n',
    )
  })

  it('leaves out what does not apply', () => {
    expect(JSON.parse(formatJsonLine(bareEntry))).toEqual(expectedOf(bareEntry))
    expect(formatJsonLine(bareEntry)).not.toMatch(/undefined|null|route|service|endpoint|reason|userAgent|referer/)
  })

  it('gives back every value, whatever the bytes of the client were', () => {
    fc.assert(
      fc.property(entries(40), (entry) => {
        const line = formatJsonLine(entry)
        expect(JSON.parse(line)).toEqual(expectedOf(entry))
        // One line, one byte for each character.
        expect(line).toMatch(/^[ -~]+\n$/)
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives back every single byte that a client can send', () => {
    for (let byte = 0; byte < 256; byte++) {
      const target = `/${String.fromCharCode(byte)}`
      expect(JSON.parse(formatJsonLine({ ...bareEntry, target }))).toMatchObject({ target })
    }
  })

  it('cannot be made to say something else by a quote or a line end', () => {
    const userAgent = 'x","status":200}\n{"level":"info","message":"request","status":200}\n'
    const line = formatJsonLine({ ...fullEntry, userAgent })
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(JSON.parse(line)).toMatchObject({ status: 502, userAgent })
  })

  it('tells the time of each entry, in whatever order they come', () => {
    const times = [0, 999, 1_000, 1_790_000_000_123, 1_790_000_000_124, 999, 1_790_000_001_000]
    const told = times.map((time) => JSON.parse(formatJsonLine({ ...bareEntry, time })).time)
    expect(told).toEqual(times.map((time) => new Date(time).toISOString()))
  })

  it.each([
    [0, '0.000000'],
    [0.000_000_4, '0.000000'],
    [0.000_001, '0.000001'],
    [0.999_999_4, '0.999999'],
    [0.999_999_6, '1'],
    [1.5, '1.5'],
    [86_400.000_001, '86400.000001'],
  ])('tells a duration of %d s as %s', (duration, text) => {
    expect(formatJsonLine({ ...bareEntry, duration })).toContain(`"duration":${text},`)
  })
})

describe('a line that would be too long', () => {
  it('never is, and stays valid', () => {
    fc.assert(
      fc.property(entries(3_000), (entry) => {
        const line = formatJsonLine(entry)
        expect(line.length).toBeLessThanOrEqual(maxLineBytes)
        expect(line).toMatch(/^[ -~]+\n$/)
        const { cut, target, method, status } = JSON.parse(line)
        expect(entry.target.startsWith(target)).toBe(true)
        expect(entry.method.startsWith(method)).toBe(true)
        expect(status).toBe(entry.status)
        if (cut === undefined) expect(JSON.parse(line)).toMatchObject({ target: entry.target, host: entry.host })
      }),
      { numRuns: 300 },
    )
  })

  it('says so, keeps the rest, and gives the target the room that is left', () => {
    const line = formatJsonLine({ ...fullEntry, target: `/${'a'.repeat(10_000)}` })
    expect(line.length).toBe(maxLineBytes)
    const { target, ...rest } = JSON.parse(line)
    expect(target).toMatch(/^\/a{3000,}$/)
    expect(rest).toEqual({ ...expectedOf({ ...fullEntry, target: '' }), target: undefined, cut: true })
  })

  it('is not cut within an escape', () => {
    for (let length = 3_990; length < 4_000; length++) {
      const target = `${'a'.repeat(length)}${'\u00e9'.repeat(100)}`
      const line = formatJsonLine({ ...bareEntry, target })
      expect(target.startsWith(JSON.parse(line).target)).toBe(true)
    }
  })

  it('leaves at least 700 bytes to the target, whatever is sent beside it', () => {
    const long = '\u00ff'.repeat(5_000)
    const entry = { ...fullEntry, requestId: long, clientAddress: long, method: long, host: long, service: long }
    const line = formatJsonLine({ ...entry, endpoint: long, userAgent: long, referer: long, target: 'a'.repeat(5_000) })
    expect(JSON.parse(line).target.length).toBeGreaterThan(700)
  })
})
