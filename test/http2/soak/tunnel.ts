import type { ClientStream } from '../support/client-stream.ts'
import { errorCode } from '../support/frames.ts'
import { below, pick } from '../support/random.ts'
import type { Exchange } from './exchange.ts'
import { bodyOf, type Script, steady } from './script.ts'
import { feed } from './taking.ts'

type Tunnel = Omit<Exchange, 'script'>

/** How it ends: by the client when all has come back, by the client in the middle, or by an endpoint that breaks off. */
const endings = ['end', 'end', 'reset at once', 'reset', 'broken'] as const

/**
 * A WebSocket by extended CONNECT (RFC 8441), as far as a proxy sees of it: bytes that come back as they were sent. Resolves with what
 * is wrong; rejects where the connection ends before.
 */
export async function tunnel({ client, id, random }: Tunnel): Promise<string | undefined> {
  const ending = pick(random, endings)
  const sent = bodyOf(`tunnel-${id}`, pick(random, [1, 100, 20_000, 150_000]))
  const stream = client.request([
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', 'https'],
    [':authority', 'app.example.com'],
    [':path', ending === 'broken' ? '/broken' : '/tunnel'],
    ['sec-websocket-version', '13'],
  ])
  const taking = pick(random, ['at once', 'at once', 'drips', 'late'] as const)
  const script: Script = { ...steady, answer: 'echo', uploadSize: sent.length, taking }
  const feeding = feed(client, stream, script)
  try {
    await talk({ client, id, random }, stream, sent, ending)
  } finally {
    feeding.stop()
  }
  const seen = `a tunnel with ${ending}: status ${stream.status}, ${stream.received} of ${sent.length} bytes`
  if (stream.status !== 200 && !stream.hasSentReset) return seen
  if (!stream.body.equals(sent.subarray(0, stream.received))) return `other bytes of ${seen}`
  const isWhole = stream.isEnded && stream.received === sent.length
  if (ending === 'end' && !isWhole) return `not all of ${seen}, reset ${stream.resetCode}`
  return ending === 'broken' && stream.isEnded ? `a clean end of ${seen}` : undefined
}

async function talk({ client, random }: Tunnel, stream: ClientStream, sent: Buffer, ending: string): Promise<void> {
  if (ending === 'reset at once') return client.reset(stream, errorCode.cancel)
  await client.until(() => stream.head !== undefined || stream.isDone)
  const piece = Math.max(Math.ceil(sent.length / 40), 1 + below(random, 10_000))
  const upTo = ending === 'reset' ? sent.length >> 1 : sent.length
  for (let at = 0; at < upTo; ) {
    await client.until(() => client.roomFor(stream) > 0 || !stream.takesUpload)
    if (!stream.takesUpload) return
    const bytes = sent.subarray(at, Math.min(upTo, at + Math.min(piece, client.roomFor(stream))))
    at += bytes.length
    client.data(stream, bytes)
  }
  if (ending === 'reset') return client.reset(stream, errorCode.cancel)
  await client.until(() => stream.isDone || (ending === 'end' && stream.received === sent.length))
  if (stream.takesUpload && !stream.isDone) client.data(stream, Buffer.alloc(0), { end: true })
  await client.until(() => stream.isDone)
  if (stream.takesUpload) client.reset(stream, errorCode.cancel)
}
