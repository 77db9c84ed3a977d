import { parseHead } from '../../support/http-head.ts'
import type { Case } from './case.ts'

/** A request in words that HTTP/1.1 and HTTP/2 both have. Text is latin1. */
export type Asked = {
  readonly method: string
  readonly target: string
  /** The Host field, or `:authority`; undefined: without it. */
  readonly host: string | undefined
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export type AskedCase = readonly [name: string, asked: Asked]

/** What is said about a connection of HTTP/1.1 alone (RFC 9113 section 8.2.2), or frames its body. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

/**
 * The one request of these bytes; undefined where another version of HTTP cannot say it: lines that end otherwise, versions, framing,
 * fields of the connection, a second Host, more or less than one whole request. What means nothing in HTTP/1.1 is left out: white
 * space around values, the case of names, and `Connection: close` or `keep-alive`.
 */
export function askedOf([name, bytes]: Case): AskedCase | undefined {
  const head = parseHead(bytes)
  const line = /^([^\s]+) ([^ ]|[^ ].*[^ ]|) HTTP\/1\.1$/.exec(head?.line ?? '')
  if (head === undefined || line === null) return undefined
  const [, method = '', target = ''] = line
  const lines = bytes.slice(0, head.end).split('\r\n').slice(1, -2)
  if (lines.some((text) => !/^[^ \t:][^:]*:/.test(text))) return undefined
  const fields = head.fields.map(([its, value]) => [its.toLowerCase(), value] as const)
  const sent = fields.filter(([its, value]) => its !== 'host' && !isEmptyTalk(its, value))
  const hosts = fields.filter(([its]) => its === 'host')
  const body = bytes.slice(head.end)
  const length = sent.find(([its]) => its === 'content-length')?.[1]
  if (hosts.length > 1 || sent.some(([its]) => ofConnection.has(its))) return undefined
  // Bodies that are not as long as they say are another request, or none, in HTTP/1.1 alone; of no length there is no telling.
  if (length === undefined ? body !== '' : /^\d{1,9}$/.test(length) && Number(length) !== body.length) return undefined
  return [name, { method, target, host: hosts[0]?.[1], fields: sent, body }]
}

const isEmptyTalk = (name: string, value: string): boolean =>
  name === 'connection' && ['close', 'keep-alive'].includes(value.toLowerCase())

export function toHttp1({ method, target, host, fields, body }: Asked): string {
  const lines = [...(host === undefined ? [] : [['Host', host] as const]), ...fields]
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
