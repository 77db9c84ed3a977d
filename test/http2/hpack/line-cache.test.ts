import { describe, expect, it } from 'vitest'
import { hashOf, isCacheable, LineCache } from '../../../src/proxy/http2/hpack/line-cache.ts'
import { Octets } from '../../../src/proxy/http2/hpack/octets.ts'

const encoding = 'the encoding of '

describe('the cache of header lines', () => {
  it('knows a line from its second time on', () => {
    const cache = new LineCache()
    expect([1, 2, 3, 4].map(() => meet(cache, 'Server: nginx'))).toEqual([
      undefined,
      undefined,
      'the encoding of Server: nginx',
      'the encoding of Server: nginx',
    ])
  })

  it('knows lines of each length apart, however they end', () => {
    const cache = new LineCache()
    const lines = [...Array.from({ length: 150 }, (_, at) => 'x'.repeat(at + 4)), 'x'.repeat(256)]
    for (let time = 0; time < 2; time++) for (const line of lines) meet(cache, line)
    expect(lines.map((line) => meet(cache, line))).toEqual(lines.map((line) => `${encoding}${line}`))
    expect(isCacheable(3)).toBe(false)
    expect(isCacheable(256)).toBe(true)
    expect(isCacheable(257)).toBe(false)
  })

  it.each([
    ['first', 'Xerver: nginx'],
    ['last', 'Server: nginX'],
    ['a middle', 'Server: Nginx'],
    ['no', 'Server: ngin'],
  ])('does not take one for another whose hash is the same: they differ in %s octet of the shorter one', (_, other) => {
    const cache = new LineCache()
    for (let time = 0; time < 3; time++) meet(cache, 'Server: nginx', 7)
    expect(meet(cache, 'Server: nginx', 7)).toBeDefined()
    expect(meet(cache, other, 7)).toBeUndefined()
  })

  it('keeps a line that is used while thousands of others come and go', () => {
    const cache = new LineCache()
    meet(cache, 'Server: nginx')
    meet(cache, 'Server: nginx')
    let known = 0
    for (let at = 0; at < 20_000; at++) {
      for (let time = 0; time < 2; time++) meet(cache, `X-Number: ${at}`)
      if (look(cache, `X-Number: ${at}`) === `${encoding}X-Number: ${at}`) known++
      expect(meet(cache, 'Server: nginx')).toBeDefined()
    }
    // The others are those whose slots were taken.
    expect(known).toBeGreaterThan(19_900)
  })

  it('does not take a line for known because it came once, long ago', () => {
    const cache = new LineCache()
    meet(cache, 'Server: nginx')
    for (let at = 0; at < 10_000; at++) meet(cache, `X-Number: ${at}`)
    meet(cache, 'Server: nginx')
    expect(look(cache, 'Server: nginx')).toBeUndefined()
    meet(cache, 'Server: nginx')
    expect(look(cache, 'Server: nginx')).toBeDefined()
  })

  it('forgets lines that are not used', () => {
    const cache = new LineCache()
    const old = Array.from({ length: 300 }, (_, at) => `X-Old: ${at}`)
    for (let time = 0; time < 2; time++) for (const line of old) meet(cache, line)
    for (let at = 0; at < 1_200; at++) for (let time = 0; time < 2; time++) meet(cache, `X-New: ${at}`)
    expect(old.map((line) => look(cache, line)).filter((found) => found !== undefined)).toEqual([])
  })

  it('knows no more lines of one slot than are looked at for each', () => {
    const cache = new LineCache()
    const lines = Array.from({ length: 100 }, (_, at) => `X-Same: ${at}`)
    for (let time = 0; time < 3; time++)
      for (const line of lines) for (let each = 0; each < 2; each++) meet(cache, line, 7)
    expect(lines.filter((line) => look(cache, line, 7) !== undefined)).toHaveLength(8)
  })
})

/** What a writer does with a line: looks it up, and offers what it made of one that is not known. */
function meet(cache: LineCache, line: string, hash?: number): string | undefined {
  const found = look(cache, line, hash)
  if (found !== undefined) return found
  const source = octetsOf(line)
  const target = octetsOf(encoding + line)
  const ownHash = hash ?? hashOf(source.view, 0, line.length)
  cache.offer(ownHash, source.view, 0, line.length, target.view, 0, encoding.length + line.length)
  return undefined
}

function look(cache: LineCache, line: string, hash?: number): string | undefined {
  const source = octetsOf(line)
  const target = new Octets(600)
  const end = cache.copy(hash ?? hashOf(source.view, 0, line.length), source.view, 0, line.length, target.view, 0)
  return end < 0 ? undefined : target.bytes.toString('latin1', 0, end)
}

function octetsOf(text: string): Octets {
  const octets = new Octets(text.length + 4)
  octets.bytes.write(text, 'latin1')
  return octets
}
