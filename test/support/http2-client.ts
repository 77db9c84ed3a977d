import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2'

export type Http2Answer = {
  readonly status: number
  readonly head: IncomingHttpHeaders
  readonly body: string
  readonly trailers: IncomingHttpHeaders
  /** Interim answers, in order. */
  readonly interim: readonly IncomingHttpHeaders[]
}

/** A connection that believes every certificate. */
export async function openHttp2(port: number, servername: string): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, { servername, rejectUnauthorized: false })
  session.on('error', () => {})
  await once(session, 'connect')
  return session
}

/** One exchange to its end; rejects where the stream breaks. */
export async function callHttp2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === undefined })
  const interim: IncomingHttpHeaders[] = []
  let head: IncomingHttpHeaders & IncomingHttpStatusHeader = {}
  let trailers: IncomingHttpHeaders = {}
  let received = ''
  stream.on('headers', (fields) => interim.push(fields))
  stream.on('response', (fields) => {
    head = fields
  })
  stream.on('trailers', (fields) => {
    trailers = fields
  })
  stream.setEncoding('latin1')
  stream.on('data', (chunk: string) => {
    received += chunk
  })
  if (body !== undefined) stream.end(body)
  await once(stream, 'close')
  return { status: head[':status'] ?? 0, head, body: received, trailers, interim }
}
