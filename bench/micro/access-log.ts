import type { AccessLogEntry } from '../../src/proxy/access-log-entry.ts'
import { fieldsFormat } from '../../src/proxy/access-log-fields.ts'
import { formatJsonLine } from '../../src/proxy/access-log-json.ts'
import { formatCombinedLine, formatIngressNginxLine } from '../../src/proxy/access-log-text.ts'
import { buildRoutingTable } from '../../src/router/build.ts'
import { match } from '../../src/router/match.ts'
import type { Case } from './harness/case.ts'
import { inputOf, options, question, world } from './inputs/world.ts'

/** Formatted and copied, as the buffer of the log gets it. */
export function cases(): readonly Case[] {
  const { table } = buildRoutingTable(inputOf(world(50)), options)
  const plain: AccessLogEntry = {
    time: Date.UTC(2026, 10, 21),
    requestId: '0123456789abcdef0123456789abcdef',
    clientAddress: '192.0.2.10',
    method: 'GET',
    host: 'a1.example.com',
    target: '/static/assets/app/main.js?v=12345',
    httpVersion: '1.1',
    scheme: 'https',
    tlsVersion: 'TLSv1.3',
    lane: 'fast',
    status: 200,
    requestLength: 120,
    requestBytes: 0,
    responseBytes: 109,
    duration: 0.003217,
    connectDuration: undefined,
    firstByteDuration: 0.003105,
    route: match(table, question('a1.example.com', '/')),
    backend: 'n1/s1:80',
    service: 's1',
    endpoint: '10.1.1.1:8080',
    upstreamStatus: 200,
    upstreamBytes: 109,
    upstreamDuration: 0.003105,
    attempts: 1,
    earlier: [],
    reason: undefined,
    user: undefined,
    userAgent: 'curl/8.9.1',
    referer: undefined,
  }
  const entries = {
    plain,
    browser: {
      ...plain,
      userAgent: `Mozilla/5.0 ${'(X11; Linux x86_64) '.repeat(5)}`,
      referer: 'https://a1.example.com/',
    },
    'to be escaped': { ...plain, target: '/a"b\\c', userAgent: 'caf\u00e9 \u0001' },
    'to be cut': { ...plain, target: `/${'x'.repeat(8_000)}` },
    'without a route': {
      ...plain,
      status: 404,
      route: undefined,
      service: undefined,
      endpoint: undefined,
      firstByteDuration: undefined,
      attempts: 0,
    },
  }
  const buffer = Buffer.alloc(4096)
  // The clock goes on, as it does: a millisecond every hundred requests.
  const caseOf = (name: string, entry: AccessLogEntry, format: (entry: AccessLogEntry) => string): Case => ({
    name,
    run: (at) => buffer.write(format({ ...entry, time: entry.time + at / 100 }), 'latin1'),
  })
  return [
    ...Object.entries(entries).map(([name, entry]) => caseOf(name, entry, formatJsonLine)),
    caseOf('three fields', plain, fieldsFormat(['time', 'status', 'target'])),
    caseOf('combined', plain, formatCombinedLine),
    caseOf('ingress-nginx', plain, formatIngressNginxLine),
  ]
}
