import { maxLineBytes } from '../log-output.ts'
import { cutEntry } from './access-log-cut.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { escapeSpecial, isSpecial, startWithin } from './access-log-escape.ts'
import { flatText } from './flat-text.ts'
import type { EarlierAttempt } from './request-outcome.ts'

// The formats that programs know from nginx: one field behind the other, each with what nginx would write there
// (ngx_http_log_module). All is ASCII.

/** Apache's combined log format, as nginx has it. */
export function formatCombinedLine(entry: AccessLogEntry): string {
  const line = combinedLine(entry)
  return line.length <= maxLineBytes ? line : cutEntry(entry, cutText, combinedLine)
}

/** `log-format-upstream` of ingress-nginx, as it is where nobody has changed it. */
export function formatIngressNginxLine(entry: AccessLogEntry): string {
  const line = ingressNginxLine(entry)
  return line.length <= maxLineBytes ? line : cutEntry(entry, cutText, ingressNginxLine)
}

function combinedLine(entry: AccessLogEntry): string {
  return `${combinedFields(entry)}\n`
}

function ingressNginxLine(entry: AccessLogEntry): string {
  const { backend } = entry
  let line = `${combinedFields(entry)} ${entry.requestLength} ${milliseconds(entry.duration)}`
  line += ` [${backend === undefined ? '-' : upstreamName(backend)}] [] ${upstreamFields(entry)} ${word(entry.requestId)}`
  return `${line}\n`
}

/** Of several attempts nginx has a list for each. */
function upstreamFields(entry: AccessLogEntry): string {
  const { upstreamBytes, upstreamDuration, upstreamStatus, endpoint, reason, earlier } = entry
  // Nobody answered, and there is a reason: nginx has then the status that the client got.
  const status = upstreamStatus ?? (endpoint === undefined || reason === undefined ? '-' : entry.status)
  const seconds = upstreamDuration === undefined ? '-' : milliseconds(upstreamDuration)
  if (earlier.length === 0) return `${word(endpoint)} ${upstreamBytes ?? '-'} ${seconds} ${status}`
  const listOf = (textOf: (attempt: EarlierAttempt) => string | number, last: string | number): string =>
    [...earlier.map(textOf), last].join(', ')
  const endpoints = listOf((attempt) => word(attempt.endpoint), word(endpoint))
  const lengths = listOf(() => 0, upstreamBytes ?? '-')
  const times = listOf((attempt) => milliseconds(attempt.seconds), seconds)
  return `${endpoints} ${lengths} ${times} ${listOf((attempt) => attempt.status, status)}`
}

function combinedFields(entry: AccessLogEntry): string {
  const { clientAddress, user, method, target, httpVersion, referer, userAgent } = entry
  const request = method === '' ? '-' : `${escaped(method)} ${escaped(target)} HTTP/${httpVersion}`
  let line = `${word(clientAddress)} - ${word(user)} [${localTime(entry.time)}] "${request}" ${entry.status}`
  line += ` ${entry.responseBytes} "${quoted(referer)}" "${quoted(userAgent)}"`
  return line
}

/** `shop/cart:80` is `shop-cart-80`. */
function upstreamName(backend: string): string {
  return word(backend.replace('/', '-').replace(/:(?=[^:]*$)/, '-'))
}

function quoted(text: string | undefined): string {
  return text === undefined ? '-' : escaped(text)
}

/** Outside of quotes, nginx lets a space pass, and with it a second field. */
function word(text: string | undefined): string {
  return text === undefined || text === '' ? '-' : escaped(text).replaceAll(' ', '\\x20')
}

/** The special ones are what nginx's table of ngx_http_log_escape has. */
function escaped(text: string): string {
  return escapeSpecial(text, escapedUnit)
}

/** Up to 255, a character stands for the byte of its number; beyond, no client can send it. */
function escapedUnit(unit: string): string {
  const code = unit.charCodeAt(0)
  return code < 256 ? hexOf(code) : [...Buffer.from(unit)].map(hexOf).join('')
}

function hexOf(byte: number): string {
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

/** A space may take four bytes. */
function cutText(text: string, bytes: number): string {
  const start = text.slice(0, Math.max(bytes, 0))
  if (!isSpecial(start) && !start.includes(' ')) return start
  return startWithin(text, bytes, (unit) => (unit === ' ' ? 4 : escaped(unit).length))
}

function milliseconds(duration: number): string {
  const text = `${Math.max(Math.trunc(duration * 1000), 0)}`.padStart(4, '0')
  return `${text.slice(0, -3)}.${text.slice(-3)}`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

let second = Number.NaN
let textOfSecond = ''

/** `21/Nov/2026:12:00:00 +0000`, in the time zone of the process. Under load, many lines fall into one second. */
function localTime(time: number): string {
  const now = Math.floor(time / 1000)
  if (now !== second) {
    second = now
    textOfSecond = flatText(textOf(new Date(time)))
  }
  return textOfSecond
}

function textOf(date: Date): string {
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  const east = -date.getTimezoneOffset()
  const zone = `${east < 0 ? '-' : '+'}${twoDigits(Math.floor(Math.abs(east) / 60))}${twoDigits(Math.abs(east) % 60)}`
  return `${twoDigits(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}:${clock} ${zone}`
}

function twoDigits(number: number): string {
  return `${number}`.padStart(2, '0')
}
