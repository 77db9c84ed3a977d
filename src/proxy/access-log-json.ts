import { maxLineBytes } from '../log-output.ts'
import type { Route } from '../router/table.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { flatText } from './flat-text.ts'

/** One line of JSON in ASCII, so that its length is its number of bytes. Fields that do not apply are left out. */
export function formatJsonLine(entry: AccessLogEntry): string {
  const line = lineOf(entry, '}\n')
  return line.length <= maxLineBytes ? line : cutLineOf(entry)
}

// By hand: JSON.stringify takes twice as long.
function lineOf(entry: AccessLogEntry, end: string): string {
  const { route, service, endpoint, reason, userAgent, referer } = entry
  let line = `{"level":"info","time":"${isoTime(entry.time)}","message":"request","requestId":"${escaped(entry.requestId)}"`
  line += `,"client":"${escaped(entry.clientAddress)}","method":"${escaped(entry.method)}","host":"${escaped(entry.host)}"`
  line += `,"target":"${escaped(entry.target)}"${connectionText(entry)},"status":${entry.status}`
  line += `,"requestBytes":${entry.requestBytes},"responseBytes":${entry.responseBytes},"duration":${seconds(entry.duration)}`
  if (route !== undefined) line += routeText(route)
  if (service !== undefined) line += `,"service":"${escaped(service)}"`
  if (endpoint !== undefined) line += `,"endpoint":"${escaped(endpoint)}"`
  line += `,"attempts":${entry.attempts}`
  if (reason !== undefined) line += `,"reason":"${reason}"`
  if (userAgent !== undefined) line += `,"userAgent":"${escaped(userAgent)}"`
  if (referer !== undefined) line += `,"referer":"${escaped(referer)}"`
  return line + end
}

/** The target gets what the others leave, at least 700 bytes of the line. */
function cutLineOf(entry: AccessLogEntry): string {
  const { service, endpoint, userAgent, referer } = entry
  const end = ',"cut":true}\n'
  const others: AccessLogEntry = {
    ...entry,
    target: '',
    requestId: cut(entry.requestId, 128),
    clientAddress: cut(entry.clientAddress, 64),
    method: cut(entry.method, 64),
    host: cut(entry.host, 256),
    service: service && cut(service, 128),
    endpoint: endpoint && cut(endpoint, 128),
    userAgent: userAgent && cut(userAgent, 512),
    referer: referer && cut(referer, 512),
  }
  const room = maxLineBytes - lineOf(others, end).length
  return lineOf({ ...others, target: cut(entry.target, room) }, end)
}

/** The longest start of the text that takes no more bytes than this in a line. */
function cut(text: string, bytes: number): string {
  const start = text.slice(0, Math.max(bytes, 0))
  // A client can ask for the slow way with every request; this is what most of them get.
  if (!special.test(start)) return start
  let length = 0
  for (let taken = 0; length < text.length; length++) {
    taken += escaped(text.charAt(length)).length
    if (taken > bytes) break
  }
  return text.slice(0, length)
}

/** All but printable ASCII without quote and backslash. One class, which V8 searches for faster than for alternatives. */
const special = /[^ !#-[\]-~]/
const everySpecial = new RegExp(special, 'g')

/** Bytes above 127 came as the characters of Latin-1 with their numbers (RFC 9110 section 5.5), and stay readable as such. */
function escaped(text: string): string {
  return special.test(text) ? text.replace(everySpecial, escapedUnit) : text
}

function escapedUnit(unit: string): string {
  if (unit === '"' || unit === '\\') return `\\${unit}`
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
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
  const [name, namespace, ingress] = [cut(id, 512), cut(origin.namespace, 253), cut(origin.name, 253)].map(escaped)
  const text = flatText(`,"route":"${name}","namespace":"${namespace}","ingress":"${ingress}"`)
  routeTexts.set(route, text)
  return text
}

let millisecond = Number.NaN
let textOfMillisecond = ''

/** Under load, several lines fall into one. */
function isoTime(time: number): string {
  if (time !== millisecond) {
    millisecond = time
    textOfMillisecond = new Date(time).toISOString()
  }
  return textOfMillisecond
}

const leading = ['0.000000', '0.00000', '0.0000', '0.000', '0.00', '0.0', '0.'] as const

/** To the microsecond. Numbers with a fraction take V8 several times as long as whole ones. */
function seconds(duration: number): string {
  const microseconds = Math.round(duration * 1e6)
  if (microseconds >= 1e6) return `${microseconds / 1e6}`
  const digits = `${microseconds}`
  return `${leading[digits.length]}${digits}`
}
