import { maxLineBytes } from '../log-output.ts'
import type { Route } from '../router/table.ts'
import { cutEntry } from './access-log-cut.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { cutText, escaped, isoTime, seconds } from './access-log-json-values.ts'
import { flatText } from './flat-text.ts'

/** One line of JSON in ASCII, so that its length is its number of bytes. Fields that do not apply are left out. */
export function formatJsonLine(entry: AccessLogEntry): string {
  const line = lineOf(entry, '}\n')
  return line.length <= maxLineBytes ? line : cutEntry(entry, cutText, (less) => lineOf(less, ',"cut":true}\n'))
}

// By hand: JSON.stringify takes twice as long.
function lineOf(entry: AccessLogEntry, end: string): string {
  const { connectDuration, firstByteDuration, route, service, endpoint, reason, userAgent, referer } = entry
  let line = `{"level":"info","time":"${isoTime(entry.time)}","message":"request","requestId":"${escaped(entry.requestId)}"`
  line += `,"client":"${escaped(entry.clientAddress)}","method":"${escaped(entry.method)}","host":"${escaped(entry.host)}"`
  line += `,"target":"${escaped(entry.target)}"${connectionText(entry)},"status":${entry.status}`
  line += `,"requestBytes":${entry.requestBytes},"responseBytes":${entry.responseBytes},"duration":${seconds(entry.duration)}`
  if (connectDuration !== undefined) line += `,"connectDuration":${seconds(connectDuration)}`
  if (firstByteDuration !== undefined) line += `,"firstByteDuration":${seconds(firstByteDuration)}`
  if (route !== undefined) line += routeText(route)
  if (service !== undefined) line += `,"service":"${escaped(service)}"`
  if (endpoint !== undefined) line += `,"endpoint":"${escaped(endpoint)}"`
  line += `,"attempts":${entry.attempts}`
  if (reason !== undefined) line += `,"reason":"${reason}"`
  if (userAgent !== undefined) line += `,"userAgent":"${escaped(userAgent)}"`
  if (referer !== undefined) line += `,"referer":"${escaped(referer)}"`
  return line + end
}

type Connection = Pick<AccessLogEntry, 'httpVersion' | 'scheme' | 'tlsVersion' | 'lane'>

let connection: Connection | undefined
let textOfConnection = ''

/** Mostly that of the line before: each piece of a line costs about 15 ns. */
function connectionText({ httpVersion, scheme, tlsVersion, lane }: AccessLogEntry): string {
  if (
    connection?.httpVersion !== httpVersion ||
    connection.scheme !== scheme ||
    connection.tlsVersion !== tlsVersion ||
    connection.lane !== lane
  ) {
    connection = { httpVersion, scheme, tlsVersion, lane }
    const tls = tlsVersion === undefined ? '' : `,"tlsVersion":"${tlsVersion}"`
    textOfConnection = flatText(`,"httpVersion":"${httpVersion}","scheme":"${scheme}"${tls},"lane":"${lane}"`)
  }
  return textOfConnection
}

const routeTexts = new WeakMap<Route, string>()

/** The same for all requests of a route, which stays the same object while its rule does. */
function routeText(route: Route): string {
  const known = routeTexts.get(route)
  if (known !== undefined) return known
  const { id, origin } = route
  // Nothing that an API server lets pass is cut here: a name has 253 characters at most.
  const [name, namespace, ingress] = [cutText(id, 512), cutText(origin.namespace, 253), cutText(origin.name, 253)].map(
    escaped,
  )
  const text = flatText(`,"route":"${name}","namespace":"${namespace}","ingress":"${ingress}"`)
  routeTexts.set(route, text)
  return text
}
