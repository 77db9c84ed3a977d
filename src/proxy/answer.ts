import { STATUS_CODES } from 'node:http'
import type { Exchange } from './exchange.ts'
import { Fields } from './fields.ts'

/** Answers by ourselves: one line saying what happened, and the id by which the logs can be searched. Returns the bytes of the body. */
export function answer(
  exchange: Exchange,
  status: number,
  text: string,
  requestId: string,
  more: readonly string[] = [],
): number {
  const body = Buffer.from(`${status} ${STATUS_CODES[status] ?? ''}: ${text}\nrequest id: ${requestId}\n`, 'utf8')
  const fields = Fields.ofList([
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    'Server',
    'headgate',
    'X-Request-ID',
    requestId,
    ...more,
  ])
  exchange.respond({ status, fields, hasDate: false, hasLength: true })
  exchange.write(body, 0, body.length)
  exchange.end(undefined)
  return body.length
}

/** The same as bytes, for a connection that has left its HTTP parser; it asks for the end of the connection. */
export function rawAnswer(status: number, text: string, more: readonly string[] = []): string {
  const body = `${status} ${STATUS_CODES[status] ?? ''}: ${text}\n`
  const length = String(Buffer.byteLength(body))
  const fields = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', length, 'Server', 'headgate', ...more]
  return rawHead(status, [...fields, 'Connection', 'close']) + body
}

/** The head of an HTTP/1.1 response; fields as a flat list. */
export function rawHead(status: number, fields: readonly string[]): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${Fields.ofList(fields).lines}\r\n`
}
