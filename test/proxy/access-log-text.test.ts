import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxLineBytes } from '../../src/log-output.ts'
import type { AccessLogEntry } from '../../src/proxy/access-log-entry.ts'
import { formatCombinedLine, formatIngressNginxLine } from '../../src/proxy/access-log-text.ts'
import { bareEntry, entries, fullEntry } from './access-log-entries.ts'

// As strict as a program could be that reads such lines.
const quoted = '"((?:[ !#-[\\]-~]|\\\\x[0-9A-F]{2})*)"'
const time = '\\[(\\d\\d/[A-Z][a-z]{2}/\\d{4,5}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4})\\]'
const combined = `(\\S+) - (\\S+) ${time} ${quoted} (\\d{3}) (\\d+) ${quoted} ${quoted}`
const seconds = '(\\d+\\.\\d{3})'
const listOf = (value: string): string => `(${value}(?:, ${value})*)`
const times = listOf('(?:\\d+\\.\\d{3}|-)')
const lists = `${listOf('\\S+')} ${listOf('(?:\\d+|-)')} ${times} ${listOf('(?:\\d{3}|-)')}`
const more = `(\\d+) ${seconds} \\[(\\S+)\\] \\[\\] ${lists} (\\S+)`
const combinedLine = new RegExp(`^${combined}\\n$`)
const ingressNginxLine = new RegExp(`^${combined} ${more}\\n$`)

/** What was written there, a character for each byte. */
function unescaped(text = ''): string {
  return text.replace(/\\x(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Beyond what a client can send, a character is its bytes in UTF-8. */
function bytesOf(text: string): string {
  return [...text.split('')].map((unit) => (unit > '\xff' ? Buffer.from(unit).toString('latin1') : unit)).join('')
}

function timeIn(text = ''): number {
  const [, day, month, year, clock, zone] = /^(\d+)\/(\w+)\/(\d+):(\S+) (\S+)$/.exec(text) ?? []
  return Date.parse(`${day} ${month} ${year} ${clock} ${zone}`)
}

/** The values of the fields that both formats have. */
function commonIn([, client, user, time, request, status, bytes, referer, agent]: readonly string[]): unknown {
  const texts = [client, user, request, referer, agent].map(unescaped)
  return [...texts, timeIn(time), Number(status), Number(bytes)]
}

function commonOf(entry: AccessLogEntry): unknown {
  const request = entry.method === '' ? '-' : `${entry.method} ${entry.target} HTTP/${entry.httpVersion}`
  const texts = [entry.clientAddress || '-', entry.user || '-', request, entry.referer ?? '-', entry.userAgent ?? '-']
  return [...texts.map(bytesOf), Math.floor(entry.time / 1000) * 1000, entry.status, entry.responseBytes]
}

const parts = (line: string, format: RegExp): readonly string[] => {
  const found = format.exec(line)
  if (found === null) throw new Error(`not such a line: ${line}`)
  return found
}

describe('a line of the access log in combined', () => {
  it('is that of nginx', () => {
    expect(formatCombinedLine(fullEntry).replace(/\[.*?\]/, '[then]')).toBe(
      '10.42.0.17 - alice [then] "GET /cart?item=7 HTTP/1.1" 502 345 "https://shop.example.com/" "curl/8.5.0"\n',
    )
    expect(formatCombinedLine(bareEntry).replace(/\[.*?\]/, '[then]')).toBe(
      '10.42.0.17 - - [then] "GET /cart?item=7 HTTP/1.1" 404 345 "-" "-"\n',
    )
  })

  it('has a dash where no request line could be read', () => {
    expect(formatCombinedLine({ ...bareEntry, method: '', target: '' })).toContain('] "-" 404 345 "-" "-"\n')
  })

  it('gives back every value, whatever the bytes of the client were', () => {
    fc.assert(
      fc.property(entries(40), (entry) => {
        const line = formatCombinedLine(entry)
        expect(line).toMatch(/^[ -~]+\n$/)
        expect(commonIn(parts(line, combinedLine))).toEqual(commonOf(entry))
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['"', '\\x22'],
    ['\\', '\\x5C'],
    ['\n', '\\x0A'],
    ['\r', '\\x0D'],
    ['\t', '\\x09'],
    ['\0', '\\x00'],
    ['\x7f', '\\x7F'],
    ['\xe9', '\\xE9'],
  ])('escapes %j as nginx does', (byte, escaped) => {
    expect(formatCombinedLine({ ...fullEntry, userAgent: `a${byte}b` })).toContain(` "a${escaped}b"\n`)
  })

  it('cannot be made to look like two by a name with a space, a bracket or a line end in it', () => {
    const user = 'eve [21/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n10.0.0.1'
    const line = formatCombinedLine({ ...fullEntry, user })
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(commonIn(parts(line, combinedLine))).toEqual(commonOf({ ...fullEntry, user }))
  })

  it.each([
    ['UTC', '21/Nov/2026:12:00:00 +0000'],
    ['Asia/Kolkata', '21/Nov/2026:17:30:00 +0530'],
    ['America/St_Johns', '21/Nov/2026:08:30:00 -0330'],
  ])('has the time of its place (%s)', (zone, expected) => {
    const program = `
      const { formatCombinedLine } = await import(${JSON.stringify(fileOf('../../src/proxy/access-log-text.ts'))})
      process.stdout.write(formatCombinedLine({ time: ${fullEntry.time}, clientAddress: '', method: '', status: 200, responseBytes: 0 }))`
    const arguments_ = ['--input-type=module', '-e', program]
    const line = execFileSync(process.execPath, arguments_, { env: { ...process.env, TZ: zone }, encoding: 'utf8' })
    expect(line).toContain(`[${expected}]`)
  })
})

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

describe('a line of the access log as of ingress-nginx', () => {
  it('is that of its default', () => {
    expect(formatIngressNginxLine(fullEntry).replace(/\[.*?\]/, '[then]')).toBe(
      '10.42.0.17 - alice [then] "GET /cart?item=7 HTTP/1.1" 502 345 "https://shop.example.com/" "curl/8.5.0" ' +
        '212 0.012 [shop-cart-80] [] 10.42.0.9:8080 345 0.010 502 0123456789abcdef0123456789abcdef\n',
    )
  })

  it('has dashes where nothing was asked', () => {
    expect(formatIngressNginxLine(bareEntry)).toMatch(
      / 212 0\.012 \[-\] \[\] - - - - 0123456789abcdef0123456789abcdef\n$/,
    )
  })

  it('has the status that we gave where an endpoint gave none, and a dash where the client did not wait for it', () => {
    const failed = { ...fullEntry, upstreamStatus: undefined, upstreamBytes: 0, status: 504 }
    expect(formatIngressNginxLine(failed)).toContain(' 10.42.0.9:8080 0 0.010 504 ')
    const left = { ...failed, reason: undefined, status: 499 }
    expect(formatIngressNginxLine(left)).toContain(' 10.42.0.9:8080 0 0.010 - ')
  })

  it('has lists where there were several attempts', () => {
    const earlier = [
      { endpoint: '10.42.0.7:8080', status: 502, seconds: 0.0012 },
      { endpoint: '10.42.0.8:8080', status: 504, seconds: 5.0004 },
    ]
    expect(formatIngressNginxLine({ ...fullEntry, earlier })).toContain(
      ' [] 10.42.0.7:8080, 10.42.0.8:8080, 10.42.0.9:8080 0, 0, 345 0.001, 5.000, 0.010 502, 504, 502 0123',
    )
  })

  it('gives back every value, whatever the bytes of the client were', () => {
    fc.assert(
      fc.property(entries(40), (entry) => {
        const line = formatIngressNginxLine(entry)
        const found = parts(line, ingressNginxLine)
        expect(commonIn(found)).toEqual(commonOf(entry))
        const [length, duration, backend, endpoints, lengths, times, statuses, requestId] = found.slice(9)
        expect([Number(length), unescaped(requestId)]).toEqual([entry.requestLength, bytesOf(entry.requestId) || '-'])
        expect(Number(duration)).toBe(Math.trunc(entry.duration * 1000) / 1000)
        const asked = [...entry.earlier.map(({ endpoint }) => endpoint), entry.endpoint ?? '']
        expect(endpoints?.split(', ').map(unescaped)).toEqual(asked.map((endpoint) => bytesOf(endpoint) || '-'))
        expect(lengths?.split(', ')).toEqual([...entry.earlier.map(() => '0'), `${entry.upstreamBytes ?? '-'}`])
        expect(times?.split(', ').length).toBe(asked.length)
        expect(statuses?.split(', ').slice(0, -1)).toEqual(entry.earlier.map(({ status }) => `${status}`))
        expect(backend).not.toBe('')
      }),
      { numRuns: 2_000 },
    )
  })
})

describe.each([
  ['combined', formatCombinedLine, combinedLine],
  ['ingress-nginx', formatIngressNginxLine, ingressNginxLine],
] as const)('a line in %s that would be too long', (_, format, pattern) => {
  it('never is, and stays one', () => {
    fc.assert(
      fc.property(entries(3_000), (entry) => {
        const line = format(entry)
        expect(line.length).toBeLessThanOrEqual(maxLineBytes)
        expect(line).toMatch(/^[ -~]+\n$/)
        const [, , , , , status] = parts(line, pattern)
        expect(Number(status)).toBe(entry.status)
      }),
      { numRuns: 200 },
    )
  })

  it('keeps the rest, and gives the target the room that is left', () => {
    const line = format({ ...fullEntry, target: `/${'a'.repeat(10_000)}` })
    expect(line.length).toBe(maxLineBytes)
    expect(line.replace(/\/a{3000,}/, fullEntry.target)).toBe(format(fullEntry))
  })
})
