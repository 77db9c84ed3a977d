import { maxLineBytes } from '../log-output.ts'
import type { AccessLogEntry } from './access-log-entry.ts'

/** The longest start of the text that takes no more bytes than this in a line. */
type Cut = (text: string, bytes: number) => string

const mostEarlier = 13

/** The line of an entry whose texts would make it too long. The target gets what the others leave, at least 700 bytes of the line. */
export function cutEntry(entry: AccessLogEntry, cut: Cut, lineOf: (entry: AccessLogEntry) => string): string {
  const others: AccessLogEntry = { ...valuesOf(entry), ...shortTexts(entry, cut), target: '' }
  return lineOf({ ...others, target: cut(entry.target, maxLineBytes - lineOf(others).length) })
}

function shortTexts(entry: AccessLogEntry, cut: Cut): Partial<AccessLogEntry> {
  const { service, endpoint, backend, earlier, user, userAgent, referer } = entry
  return {
    requestId: cut(entry.requestId, 128),
    clientAddress: cut(entry.clientAddress, 64),
    method: cut(entry.method, 64),
    host: cut(entry.host, 256),
    service: service && cut(service, 128),
    endpoint: endpoint && cut(endpoint, 128),
    earlier: earlier.slice(-mostEarlier).map((attempt) => ({ ...attempt, endpoint: cut(attempt.endpoint, 64) })),
    backend: backend && cut(backend, 400),
    user: user && cut(user, 128),
    userAgent: userAgent && cut(userAgent, 512),
    referer: referer && cut(referer, 512),
  }
}

/** An entry may have getters, which a copy by `...` leaves out. */
function valuesOf(entry: AccessLogEntry): AccessLogEntry {
  return {
    time: entry.time,
    requestId: entry.requestId,
    clientAddress: entry.clientAddress,
    method: entry.method,
    host: entry.host,
    target: entry.target,
    httpVersion: entry.httpVersion,
    scheme: entry.scheme,
    tlsVersion: entry.tlsVersion,
    lane: entry.lane,
    status: entry.status,
    requestLength: entry.requestLength,
    requestBytes: entry.requestBytes,
    responseBytes: entry.responseBytes,
    duration: entry.duration,
    connectDuration: entry.connectDuration,
    firstByteDuration: entry.firstByteDuration,
    route: entry.route,
    backend: entry.backend,
    service: entry.service,
    endpoint: entry.endpoint,
    upstreamStatus: entry.upstreamStatus,
    upstreamBytes: entry.upstreamBytes,
    upstreamDuration: entry.upstreamDuration,
    attempts: entry.attempts,
    earlier: entry.earlier,
    reason: entry.reason,
    user: entry.user,
    userAgent: entry.userAgent,
    referer: entry.referer,
  }
}
