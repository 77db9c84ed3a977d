import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  downstreamResponseHeaders,
  type ForwardedAs,
  identityLines,
  listsToken,
  noTrailers,
  passingLines,
  publicPort,
  singleHeader,
  upstreamFields,
} from '../../src/proxy/headers.ts'

const as = {
  authority: 'app.example.com',
  scheme: 'http',
  port: 80,
  clientAddress: '192.0.2.1',
  hops: ['192.0.2.1'],
  addForwarded: false,
} as const

function upstreamRequestHeaders(
  received: readonly string[],
  { contentLength, ...forwardedAs }: ForwardedAs & { readonly contentLength?: number },
): readonly string[] {
  const { authority } = forwardedAs
  const request = { authority, passing: passingLines(received), identity: identityLines(forwardedAs) }
  return upstreamFields(request, 'id', contentLength).list
}

const names = (flat: readonly string[]): string[] =>
  flat.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())

const ours = [
  'host',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
  'x-request-id',
]
const neverUpstream = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
  'forwarded',
]

const fieldName = fc.oneof(
  fc.constantFrom(
    ...ours,
    ...neverUpstream,
    'cookie',
    'accept',
    'x-secret',
    'content-length',
    'X_Real_IP',
    'X-REAL-ip',
  ),
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/),
)
const fieldValue = fc.oneof(fc.constantFrom('keep-alive', 'close', 'x-secret, Host', 'x-real-ip,cookie'), fc.string())

describe('the fields of a request on their way upstream', () => {
  it('keep order, case and duplicates of what passes', () => {
    const sent = upstreamRequestHeaders(['B', '1', 'a', '2', 'B', '3'], as)
    expect(sent.slice(2, 8)).toEqual(['B', '1', 'a', '2', 'B', '3'])
  })

  it('carry each of ours exactly once and nothing of one connection only, whatever the client sends', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fieldName, fieldValue)), (fields) => {
        const sent = names(upstreamRequestHeaders(fields.flat(), as))
        for (const name of ours) expect(sent.filter((other) => other === name)).toHaveLength(1)
        for (const name of neverUpstream) expect(sent).not.toContain(name)
        expect(sent).not.toContain('content-length')
        expect(sent.some((name) => name.includes('_'))).toBe(false)
      }),
    )
  })

  it('lose what Connection names, but not what routing and framing need', () => {
    const sent = upstreamRequestHeaders(['Connection', 'X-Secret, cookie', 'x-secret', 's', 'Cookie', 'c=1'], as)
    expect(names(sent)).not.toContain('x-secret')
    expect(names(sent)).toContain('cookie')
  })

  it('state the length where there is one', () => {
    const sent = upstreamRequestHeaders(['Content-Length', '005'], { ...as, contentLength: 5 })
    expect(singleHeader(sent, 'content-length')).toBe('5')
  })
})

describe('the fields of a response on their way to the client', () => {
  it('get a Server where the endpoint sends none, and keep his', () => {
    expect(downstreamResponseHeaders([], noTrailers)).toEqual(['Server', 'headgate'])
    expect(downstreamResponseHeaders(['server', 'app'], noTrailers)).toEqual(['server', 'app'])
  })

  it('keep Trailer only where trailers will follow', () => {
    expect(
      names(downstreamResponseHeaders(['Trailer', 'X-Sum', 'Transfer-Encoding', 'chunked'], { acceptsTrailers: true })),
    ).toContain('trailer')
    expect(names(downstreamResponseHeaders(['Trailer', 'X-Sum'], noTrailers))).not.toContain('trailer')
  })
})

describe('reading a list of fields', () => {
  it('gives a value only where the name stands once', () => {
    expect(singleHeader(['A', '1'], 'a')).toBe('1')
    expect(singleHeader(['A', '1', 'a', '1'], 'a')).toBeUndefined()
  })

  it('finds a token in any of the fields, in any case', () => {
    expect(listsToken(['TE', 'gzip', 'te', 'x, Trailers'], 'te', 'trailers')).toBe(true)
    expect(listsToken(['TE', 'trailersx'], 'te', 'trailers')).toBe(false)
  })
})

it.each([
  ['app.example.com', 'http', 80],
  ['app.example.com', 'https', 443],
  ['app.example.com:8080', 'https', 8080],
  ['[2001:db8::1]', 'http', 80],
  ['[2001:db8::1]:8443', 'https', 8443],
] as const)('the public port of %s over %s is %i', (authority, scheme, port) => {
  expect(publicPort(authority, scheme)).toBe(port)
})
