import type { AccessLogEntry } from '../../src/proxy/access-log-entry.ts'
import type { Route } from '../../src/router/table.ts'

export const route: Route = {
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
  requestBytes: 12,
  responseBytes: 345,
  duration: 0.012345,
  route,
  service: 'cart',
  endpoint: '10.42.0.9:8080',
  attempts: 2,
  reason: 'connect-refused',
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
  service: undefined,
  endpoint: undefined,
  attempts: 0,
  reason: undefined,
  userAgent: undefined,
  referer: undefined,
}
