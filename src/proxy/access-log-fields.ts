import { maxLineBytes } from '../log-output.ts'
import { cutEntry } from './access-log-cut.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { cutText, escaped, isoTime, seconds } from './access-log-json-values.ts'
import type { AccessLogField } from './proxy-options.ts'

/** As JSON; undefined where it does not apply. */
type Value = (entry: AccessLogEntry) => string | undefined

const values: Readonly<Record<AccessLogField, Value>> = {
  level: () => '"info"',
  time: ({ time }) => `"${isoTime(time)}"`,
  message: () => '"request"',
  requestId: ({ requestId }) => textOf(requestId),
  client: ({ clientAddress }) => textOf(clientAddress),
  method: ({ method }) => textOf(method),
  host: ({ host }) => textOf(host),
  target: ({ target }) => textOf(target),
  httpVersion: ({ httpVersion }) => textOf(httpVersion),
  scheme: ({ scheme }) => textOf(scheme),
  tlsVersion: ({ tlsVersion }) => textOf(tlsVersion),
  lane: ({ lane }) => textOf(lane),
  status: ({ status }) => `${status}`,
  requestBytes: ({ requestBytes }) => `${requestBytes}`,
  responseBytes: ({ responseBytes }) => `${responseBytes}`,
  duration: ({ duration }) => seconds(duration),
  connectDuration: ({ connectDuration }) => secondsOf(connectDuration),
  firstByteDuration: ({ firstByteDuration }) => secondsOf(firstByteDuration),
  route: ({ route }) => textOf(route && cutText(route.id, 512)),
  namespace: ({ route }) => textOf(route && cutText(route.origin.namespace, 253)),
  ingress: ({ route }) => textOf(route && cutText(route.origin.name, 253)),
  service: ({ service }) => textOf(service),
  endpoint: ({ endpoint }) => textOf(endpoint),
  attempts: ({ attempts }) => `${attempts}`,
  reason: ({ reason }) => textOf(reason),
  userAgent: ({ userAgent }) => textOf(userAgent),
  referer: ({ referer }) => textOf(referer),
}

function textOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `"${escaped(text)}"`
}

function secondsOf(duration: number | undefined): string | undefined {
  return duration === undefined ? undefined : seconds(duration)
}

/** Lines with these fields only, in this order; otherwise like those that have all. */
export function fieldsFormat(fields: readonly AccessLogField[]): (entry: AccessLogEntry) => string {
  const lineOf = (entry: AccessLogEntry, end: string): string => {
    let line = ''
    for (const field of fields) {
      const value = values[field](entry)
      if (value !== undefined) line += `${line === '' ? '{' : ','}"${field}":${value}`
    }
    return line === '' ? `{${end}` : line + end
  }
  return (entry) => {
    const line = lineOf(entry, '}\n')
    if (line.length <= maxLineBytes) return line
    return cutEntry(entry, cutText, (less) => lineOf(less, ',"cut":true}\n'))
  }
}
