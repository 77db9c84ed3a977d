import type { Case } from './corpus/case.ts'

export type Random = () => number

/** mulberry32: the same numbers from the same seed, everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const below = (random: Random, limit: number): number => Math.floor(random() * limit)

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

/** Where parsers have disagreed before, and what this one looks at. */
const morsels = [
  ...'\r\n\0\t :;,/?#%\\"()[]@+-.0159aAzZ_~\x01\x0b\x0c\x1f\x7f\x80\x85\xa0\xff',
  ...[
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    '\r\r\n',
    ' \r\n',
    '\r\n ',
    '\r\n\t',
    ': ',
    ' :',
    '  ',
    '%2f',
    '%00',
    '/../',
    '//',
    '/./',
  ],
  ...[
    'Host: b\r\n',
    'Content-Length: 3\r\n',
    'Content-Length: 0\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
  ],
  ...[
    'Connection: X-A\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: h2c\r\n',
    'TE: trailers\r\n',
    'X-A: b\r\n',
    'X_A: b\r\n',
  ],
  ...['HTTP/1.1', 'HTTP/1.0', 'GET ', 'POST ', 'HEAD ', 'OPTIONS ', 'chunked', 'close', 'keep-alive', '*', 'http://'],
  ...['GET / HTTP/1.1\r\n', '0\r\n\r\n', '5\r\nhello\r\n'],
]

type Mutation = (bytes: string, random: Random, corpus: readonly Case[]) => string

const at = (bytes: string, random: Random): number => below(random, bytes.length + 1)

const splice = (bytes: string, from: number, to: number, text: string): string =>
  bytes.slice(0, from) + text + bytes.slice(to)

/** Where a line begins, for mutations that leave lines whole. */
function lineStarts(bytes: string): readonly number[] {
  const starts = [0]
  for (let i = bytes.indexOf('\n'); i >= 0 && i + 1 < bytes.length; i = bytes.indexOf('\n', i + 1)) starts.push(i + 1)
  return starts
}

function lineOf(bytes: string, random: Random): { readonly from: number; readonly to: number } {
  const starts = lineStarts(bytes)
  const index = below(random, starts.length)
  return { from: starts[index] ?? 0, to: starts[index + 1] ?? bytes.length }
}

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    const i = at(bytes, random)
    return splice(bytes, i, i, pick(random, morsels))
  },
  (bytes, random) => {
    const i = at(bytes, random)
    return splice(bytes, i, i + 1, pick(random, morsels))
  },
  (bytes, random) => {
    const i = at(bytes, random)
    return splice(bytes, i, i + 1, String.fromCharCode((bytes.charCodeAt(i) ^ (1 << below(random, 8))) & 0xff))
  },
  (bytes, random) => {
    const i = at(bytes, random)
    return splice(bytes, i, i + 1 + below(random, 4), '')
  },
  // At the edges of a line, where most of the grammar is.
  (bytes, random) => {
    const { from, to } = lineOf(bytes, random)
    const colon = bytes.indexOf(':', from)
    const i = pick(random, [from, to, Math.max(from, to - 2), colon < 0 ? from : colon, colon < 0 ? to : colon + 1])
    return splice(bytes, i, i, pick(random, morsels))
  },
  // A line said twice, moved to another place, left out, or in another case.
  (bytes, random) => {
    const { from, to } = lineOf(bytes, random)
    const there = pick(random, lineStarts(bytes))
    return splice(bytes, there, there, bytes.slice(from, to))
  },
  (bytes, random) => {
    const { from, to } = lineOf(bytes, random)
    return splice(bytes, from, to, '')
  },
  (bytes, random) => {
    const { from, to } = lineOf(bytes, random)
    const line = bytes.slice(from, to)
    return splice(bytes, from, to, random() < 0.5 ? line.toUpperCase() : line.toLowerCase())
  },
  (bytes, random) => {
    const { from, to } = lineOf(bytes, random)
    return splice(
      bytes,
      from,
      to,
      bytes.slice(from, to).replace('\r\n', pick(random, ['\n', '\r', '\r\r\n', '\n\r', ''])),
    )
  },
  // A line of another request.
  (bytes, random, corpus) => {
    const [, other] = pick(random, corpus)
    const { from, to } = lineOf(other, random)
    const there = pick(random, lineStarts(bytes))
    return splice(bytes, there, there, other.slice(from, to))
  },
  (bytes, random) => bytes.slice(0, at(bytes, random)),
  (bytes, random, corpus) => bytes + pick(random, corpus)[1],
  (bytes, random, corpus) => bytes.slice(0, at(bytes, random)) + pick(random, corpus)[1],
]

/** A request of the corpus with one to four changes. */
export function mutate(corpus: readonly Case[], random: Random): Case {
  const [name, original] = pick(random, corpus)
  let bytes = original
  for (let changes = 1 + below(random, 4); changes > 0; changes--)
    bytes = pick(random, mutations)(bytes, random, corpus)
  return [`changed: ${name}`, bytes]
}

/** How the bytes are divided between writes: at up to two places. */
export function cut(bytes: string, random: Random): readonly string[] {
  const places = [at(bytes, random), at(bytes, random)].slice(0, below(random, 3)).toSorted((a, b) => a - b)
  return [0, ...places].map((from, i) => bytes.slice(from, places[i])).filter((piece) => piece !== '')
}
