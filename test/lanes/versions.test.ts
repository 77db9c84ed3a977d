import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { parseHead } from '../support/http-head.ts'
import { fastLaneOverTls } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Answer, askHttp1, askHttp2 } from './ask.ts'
import { type Asked, type AskedCase, askedOf } from './corpus/asked.ts'
import { host } from './corpus/case.ts'
import { doubtful } from './corpus/doubtful.ts'
import { fields } from './corpus/fields.ts'
import { hosts } from './corpus/hosts.ts'
import { paths } from './corpus/paths.ts'
import { either, plain } from './corpus/plain.ts'
import { type Recorder, startRecorder } from './recorder.ts'

const services = ['app', 'admin', 'other', 'wild'] as const

/** What became of a request: whom it reached and how, and what its client was told. */
type Outcome = { readonly answer: Answer; readonly upstream: readonly string[] }

const corpus: readonly AskedCase[] = [
  ...[...plain, ...either, ...doubtful].map(askedOf).filter((one) => one !== undefined),
  ...hosts,
  ...paths,
  ...fields,
]

const crumbs = 'RFC 9113 section 8.2.3: what came in several Cookie fields is one again for HTTP/1.1'
const origin =
  'RFC 9113 section 8.3.1: the path of a request is in origin form; of an absolute form the parts have their own fields'
const method = 'RFC 9110 section 9.1: any token may be a method; the parser of HTTP/1.1 knows those of Node alone'

/** Where the two versions decide otherwise, and why they do. */
const calledFor: Readonly<Record<string, string>> = {
  'two cookies': crumbs,
  'fields: two Cookies': crumbs,
  'absolute form': origin,
  'absolute form of another host': origin,
  'a method that nobody knows': method,
  'a method in lower case': method,
  'a method with a letter more': method,
  'get /': method,
  'get /admin/../x': method,
  'GETS /': method,
  'GETS /admin/../x': method,
  'G_T /': method,
  'G_T /admin/../x': method,
}

/** Fields by name, as the case and order of names mean nothing; of one name in their order. Without ids that were made. */
function described(service: string, request: string): string {
  const head = parseHead(request)
  if (head === undefined) return `${service}: ${request}`
  const lines = head.fields
    .map(([name, value]) => `${name.toLowerCase()}: ${value.replace(/^[0-9a-f]{32}$/, '(id)')}`)
    .map((line, at) => ({ line, at, name: line.slice(0, line.indexOf(':')) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.at - b.at))
    .map(({ line }) => line)
  return [`${service}: ${head.line}`, ...lines, '', request.slice(head.end)].join('\n')
}

/** Served alike, or refused by both: with the same status, or in HTTP/2 by a reset, as malformed requests are (RFC 9113 section 8.1.1). */
function isAlike(http1: Outcome, http2: Outcome): boolean {
  if (http1.upstream.length > 0 || http2.upstream.length > 0) {
    return http1.answer === http2.answer && http1.upstream.join('\n') === http2.upstream.join('\n')
  }
  return http1.answer === http2.answer || (http2.answer === 'reset' && isRefusal(http1.answer))
}

const isRefusal = (answer: Answer): boolean => answer === 'ended' || (typeof answer === 'number' && answer >= 400)

// The fast lane hands over what is doubtful, so this is both lanes of HTTP/1.1; differential.test.ts compares those.
describe('HTTP/1.1 and HTTP/2, both over TLS,', () => {
  let headgate: Headgate
  let recorders: ReadonlyMap<string, Recorder>

  beforeAll(async () => {
    recorders = new Map(await Promise.all(services.map(async (name) => [name, await startRecorder()] as const)))
    const yaml = toYaml(
      ingress({ name: 'app', host, paths: [{}, { path: '/admin', service: 'admin' }] }),
      ingress({ name: 'other', host: 'other.example.com', paths: [{ service: 'other' }] }),
      ingress({ name: 'wild', host: '*.wild.example.com', paths: [{ service: 'wild' }] }),
      [...recorders].flatMap(([name, { port }]) => service(name, [port])),
    )
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml }, flags: fastLaneOverTls.flags })
  })

  afterAll(async () => {
    await headgate.stop()
    for (const recorder of recorders.values()) await recorder.close()
  })

  const outcomeOf = async (ask: () => Promise<Answer>): Promise<Outcome> => {
    const answer = await ask()
    const upstream: string[] = []
    for (const [name, recorder] of recorders) {
      await recorder.untilWhole()
      upstream.push(...recorder.take().map((request) => described(name, request)))
    }
    return { answer, upstream }
  }

  let served = 0

  const differenceOf = async (asked: Asked): Promise<string | undefined> => {
    const http1 = await outcomeOf(() => askHttp1(fastLaneOverTls, headgate, asked))
    const http2 = await outcomeOf(() => askHttp2(headgate, asked))
    if (http1.upstream.length > 0) served++
    return isAlike(http1, http2) ? undefined : `${JSON.stringify(http1)}\n${JSON.stringify(http2)}`
  }

  it('decide alike about each request that can be said in both, but for what the protocols call for', {
    timeout: 120_000,
  }, async () => {
    const differences = new Map<string, string>()
    for (const [name, asked] of corpus) {
      const difference = await differenceOf(asked)
      if (difference !== undefined) differences.set(name, difference)
    }
    const surprising = [...differences].filter(([name]) => calledFor[name] === undefined)
    expect(surprising.map(([name, text]) => `${name}\n${text}`)).toEqual([])
    process.stdout.write(`${corpus.length} requests, ${served} of them served, ${differences.size} differences\n`)
    expect(served).toBeGreaterThan(200)
    expect([...differences.keys()].toSorted()).toEqual(Object.keys(calledFor).toSorted())
  })
})

it('the corpus has a name for each case, and hundreds of them', () => {
  expect(new Set(corpus.map(([name]) => name)).size).toBe(corpus.length)
  expect(corpus.length).toBeGreaterThan(400)
})
