import { describe, expect, it } from 'vitest'
import { DownstreamClient } from '../../../src/proxy/downstream-client.ts'
import type { RequestHead } from '../../../src/proxy/http2/message-head.ts'
import { Http2Request } from '../../../src/proxy/http2-lane/http2-request.ts'
import { refusalOfHttp2 } from '../../../src/proxy/http2-lane/http2-rules.ts'
import { identityRules } from '../../../src/proxy/trusted-peers.ts'
import { defaultSettings } from '../../../src/router/table.ts'
import type { Field } from '../support/header-block.ts'
import { judge, pseudo, pseudoWith } from './judge.ts'

const trusting = { ...defaultSettings, useForwardedHeaders: true, trustedRanges: ['192.0.2.7'] }
const proxy = { identityRules: identityRules(trusting) }
const newClient = (): DownstreamClient =>
  new DownstreamClient({ scheme: 'https', peerAddress: '192.0.2.7', tlsVersion: 'TLSv1.3', proxy })

type Read = { readonly head: RequestHead; readonly request: Http2Request }

function read(fields: readonly Field[], isOpen = false): Read {
  const head = judge(fields, { end: !isOpen })
  if (typeof head === 'string') throw new Error(head)
  return { head, request: new Http2Request(head, newClient()) }
}

const withFields = (...fields: readonly Field[]): Http2Request => read([...pseudo, ...fields]).request
const refusal = (fields: readonly Field[]) => {
  const { head, request } = read(fields, true)
  return refusalOfHttp2(head, request, true)
}

describe('the fields of a request over HTTP/2 that pass', () => {
  it('are lines in their order', () => {
    expect(withFields(['x-b', '1'], ['accept', 'a, b'], ['x-b', ''], ['x-a', '\xe4']).passing).toBe(
      'x-b: 1\r\naccept: a, b\r\nx-b: \r\nx-a: \xe4\r\n',
    )
  })

  it('are none with an underscore: CGI takes it for a hyphen', () => {
    expect(withFields(['x_real_ip', '6.6.6.6'], ['x-real_ip', '6.6.6.6'], ['_', '1'], ['x-a', '1']).passing).toBe(
      'x-a: 1\r\n',
    )
  })

  it.each([
    'x-forwarded-for',
    'x-real-ip',
    'forwarded',
    'x-forwarded-host',
    'x-original-url',
    'proxy',
    'proxy-authorization',
    'trailer',
    'http2-settings',
    'expect',
    'x-request-id',
    'host',
  ])('are without %s', (name) => {
    expect(withFields([name, 'app.example.com'], ['x-a', '1']).passing).toBe('x-a: 1\r\n')
  })

  it('are without te and content-length, which are said again', () => {
    const { request } = read([...pseudo, ['te', 'trailers'], ['content-length', '5']], true)
    expect([request.passing, request.contentLength]).toEqual(['', 5])
  })

  it('are the same for a field that the table of the connection keeps, each time', () => {
    const { head } = read([...pseudo, ['x-a', '1'], ['x_b', '2']])
    const client = newClient()
    const lines = [1, 2, 3].map(() => new Http2Request(head, client).passing)
    expect(lines).toEqual(['x-a: 1\r\n', 'x-a: 1\r\n', 'x-a: 1\r\n'])
  })
})

describe('cookies that came in crumbs (RFC 9113 section 8.2.3)', () => {
  const request = withFields(['cookie', 'a=1'], ['x-a', '1'], ['cookie', 'b=2; c=3'], ['cookie', 'd=4'])

  it('are one field again, in their order', () => {
    expect(request.passing).toBe('x-a: 1\r\ncookie: a=1; b=2; c=3; d=4\r\n')
    expect(request.field('cookie')).toBe('a=1; b=2; c=3; d=4')
    expect(request.headers).toEqual(['x-a', '1', 'cookie', 'a=1; b=2; c=3; d=4'])
  })

  it('are none where there is none, and empty where they are', () => {
    expect(withFields().field('cookie')).toBeUndefined()
    expect(withFields(['cookie', '']).passing).toBe('cookie: \r\n')
  })
})

describe('a single field', () => {
  it('is found by its name, and none of two', () => {
    const request = withFields(['x-a', '1'], ['x-b', '1'], ['x-b', '1'])
    expect([request.field('x-a'), request.field('x-b'), request.field('x-c')]).toEqual(['1', undefined, undefined])
  })
})

describe('the id that a client gives', () => {
  it.each([
    ['is its own where it is said once', [['x-request-id', 'abc-123']], 'abc-123'],
    ['is none where there is none', [], ''],
    [
      'is none where it is said twice',
      [
        ['x-request-id', 'a'],
        ['x-request-id', 'b'],
      ],
      '',
    ],
    [
      'is none where the same is said twice',
      [
        ['x-request-id', 'a'],
        ['x-request-id', 'a'],
      ],
      '',
    ],
    [
      'is none where it is said three times',
      [
        ['x-request-id', 'a'],
        ['x-request-id', 'a'],
        ['x-request-id', 'a'],
      ],
      '',
    ],
  ] as readonly (readonly [string, readonly Field[], string])[])('%s', (_what, fields, id) => {
    expect(withFields(...fields).givenId).toBe(id)
  })
})

describe('an expectation (RFC 9110 section 10.1.1)', () => {
  it.each([
    ['100-continue', true],
    ['100-Continue', true],
    ['', false],
    ['tea', false],
    ['100-continue, tea', false],
  ])('of %j: %s', (value, expects) => {
    expect(withFields(['expect', value]).expectsContinue).toBe(expects)
  })

  it('is none without the field', () => {
    expect(withFields().expectsContinue).toBe(false)
  })
})

describe('the host of a request (RFC 9113 section 8.3.1)', () => {
  it.each([
    ['that of :authority', 'App.Example.com:8443', [], 'app.example.com'],
    ['that of both, where they are the same', 'app.example.com', ['app.example.com'], 'app.example.com'],
    ['that of host alone', undefined, ['app.example.com'], 'app.example.com'],
    ['that of host, where :authority is empty', '', ['app.example.com'], 'app.example.com'],
    ['none where nobody says one', undefined, [], undefined],
    ['none where it is malformed', 'u@app.example.com', [], undefined],
    ['none where it is empty', '', [], undefined],
  ] as const)('is %s', (_what, authority, hosts, host) => {
    const fields = [...pseudoWith({ ':authority': authority }), ...hosts.map((value): Field => ['host', value])]
    const { request } = read(fields)
    expect(request.host).toBe(host)
    expect(request.disagrees).toBe(false)
    expect(request.headers).toEqual([])
    expect(request.identity).toContain(
      `X-Forwarded-Host: ${authority === '' || authority === undefined ? (hosts[0] ?? '') : authority}\r\n`,
    )
  })

  it.each([
    ['another host', 'app.example.com', ['other.example.com']],
    ['the same host with a port', 'app.example.com', ['app.example.com:443']],
    ['the same host in another case', 'app.example.com', ['APP.example.com']],
    ['nothing', 'app.example.com', ['']],
    ['the same and another', 'app.example.com', ['app.example.com', 'other.example.com']],
    ['another and the same', 'app.example.com', ['other.example.com', 'app.example.com']],
    ['two hosts, without :authority', undefined, ['app.example.com', 'other.example.com']],
    ['two hosts, with an empty :authority', '', ['app.example.com', 'other.example.com']],
  ])('is refused where host says %s', (_what, authority, hosts) => {
    const fields = [...pseudoWith({ ':authority': authority }), ...hosts.map((value): Field => ['host', value])]
    expect(refusal(fields)).toEqual({ status: 400, text: ':authority and host differ' })
  })
})

describe('a request over HTTP/2 that is well formed is refused', () => {
  it.each([
    ['not at all', pseudo, undefined],
    ['for TRACE', pseudoWith({ ':method': 'TRACE' }), 405],
    [
      'for CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'app.example.com:443'],
      ],
      405,
    ],
    ['for a method that is no token', pseudoWith({ ':method': 'G(T' }), 400],
    ['for a method with a space, which would be a target of HTTP/1.1', pseudoWith({ ':method': 'GET /x' }), 400],
    ['for a scheme that nobody serves', pseudoWith({ ':scheme': 'ftp' }), 400],
    ['for an empty scheme', pseudoWith({ ':scheme': '' }), 400],
    ['for two Authorizations', [...pseudo, ['authorization', 'a'], ['authorization', 'a']], 400],
    ['for more fields than there may be', [...pseudo, ...Array.from({ length: 120 }, () => ['x-a', '1'])], 431],
    [
      'for larger fields than there may be',
      [...pseudo, ...Array.from({ length: 4 }, () => ['x-a', 'a'.repeat(10_000)])],
      431,
    ],
    [
      'for a tunnel of another protocol (RFC 8441 section 5)',
      pseudoWith({ ':method': 'CONNECT', ':protocol': 'connect-udp' }),
      501,
    ],
    ['for a WebSocket of no version', pseudoWith({ ':method': 'CONNECT', ':protocol': 'websocket' }), 426],
    [
      'for a WebSocket of another version',
      [...pseudoWith({ ':method': 'CONNECT', ':protocol': 'websocket' }), ['sec-websocket-version', '8']],
      426,
    ],
    [
      'not for a WebSocket of the version there is',
      [...pseudoWith({ ':method': 'CONNECT', ':protocol': 'websocket' }), ['sec-websocket-version', '13']],
      undefined,
    ],
  ] as readonly (readonly [string, readonly Field[], number | undefined])[])('%s', (_what, fields, status) => {
    expect(refusal(fields)?.status).toBe(status)
  })
})
