import fc from 'fast-check'
import type { AccessLogEntry } from '../../src/proxy/access-log-entry.ts'
import type { Route } from '../../src/router/table.ts'

const route: Route = {
  id: 'Ingress/shop/web/spec.rules[0].http.paths[1]',
  origin: { kind: 'Ingress', namespace: 'shop', name: 'web', field: 'spec.rules[0].http.paths[1]' },
  host: 'shop.example.com',
  path: '/',
  pathType: 'Prefix',
  action: { kind: 'forward', backends: [{ backend: 'shop/cart:80', weight: 1 }] },
}

/** Every field, each with a value of its own. */
export const fullEntry: Required<AccessLogEntry> = {
  time: Date.UTC(2026, 10, 21, 12, 0, 0, 7),
  requestId: '0123456789abcdef0123456789abcdef',
  clientAddress: '10.42.0.17',
  method: 'GET',
  host: 'shop.example.com',
  target: '/cart?item=7',
  httpVersion: '1.1',
  scheme: 'https',
  tlsVersion: 'TLSv1.3',
  lane: 'fast',
  status: 502,
  requestLength: 212,
  requestBytes: 12,
  responseBytes: 345,
  duration: 0.012345,
  connectDuration: 0.001234,
  firstByteDuration: 0.011987,
  route,
  backend: 'shop/cart:80',
  service: 'cart',
  endpoint: '10.42.0.9:8080',
  upstreamStatus: 502,
  upstreamBytes: 345,
  upstreamDuration: 0.010999,
  attempts: 2,
  earlier: [],
  reason: 'connect-refused',
  user: 'alice',
  userAgent: 'curl/8.5.0',
  referer: 'https://shop.example.com/',
}

/** Answered by the gateway itself, over a plain connection. */
export const bareEntry: AccessLogEntry = {
  ...fullEntry,
  scheme: 'http',
  tlsVersion: undefined,
  lane: 'standard',
  status: 404,
  route: undefined,
  backend: undefined,
  service: undefined,
  endpoint: undefined,
  connectDuration: undefined,
  firstByteDuration: undefined,
  upstreamStatus: undefined,
  upstreamBytes: undefined,
  upstreamDuration: undefined,
  attempts: 0,
  reason: undefined,
  user: undefined,
  userAgent: undefined,
  referer: undefined,
}

/** Any UTF-16 units, in no way limited to what is text. */
function units(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.oneof(
    fc.integer({ min: 0x20, max: 0x7e }),
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0, max: 0xffff }),
  )
  return fc.array(unit, { maxLength }).map((codes) => String.fromCharCode(...codes))
}

/** What no client could make worse, each text up to so many characters. */
export function entries(longest: number): fc.Arbitrary<AccessLogEntry> {
  const text = units(longest)
  const maybe = fc.option(text, { nil: undefined })
  const count = fc.nat(Number.MAX_SAFE_INTEGER)
  const duration = fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }))
  return fc.record({
    time: fc.integer({ min: 0, max: Date.UTC(9999, 0) }),
    requestId: text,
    clientAddress: text,
    method: text,
    host: text,
    target: text,
    httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
    scheme: fc.constantFrom('http', 'https'),
    tlsVersion: fc.constantFrom('TLSv1.2', 'TLSv1.3', undefined),
    lane: fc.constantFrom('fast', 'standard', 'h2', 'tunnel'),
    status: fc.integer({ min: 100, max: 599 }),
    requestLength: count,
    requestBytes: count,
    responseBytes: count,
    duration,
    connectDuration: fc.option(duration, { nil: undefined }),
    firstByteDuration: fc.option(duration, { nil: undefined }),
    route: fc.option(
      fc.record({ id: text, namespace: text, name: text }).map(({ id, namespace, name }) => ({
        ...route,
        id,
        origin: { kind: 'Ingress', namespace, name, field: '' },
      })),
      { nil: undefined },
    ),
    backend: maybe,
    service: maybe,
    endpoint: maybe,
    upstreamStatus: fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }),
    upstreamBytes: fc.option(count, { nil: undefined }),
    upstreamDuration: fc.option(duration, { nil: undefined }),
    attempts: fc.nat(10),
    earlier: fc.array(fc.record({ endpoint: text, status: fc.constantFrom(502, 504), seconds: duration }), {
      maxLength: 15,
    }),
    reason: fc.constantFrom('connect-refused', 'head-timeout', undefined),
    user: maybe,
    userAgent: maybe,
    referer: maybe,
  })
}
