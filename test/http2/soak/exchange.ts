import type { CarefulClient } from '../support/careful-client.ts'
import { type ClientStream, valueIn } from '../support/client-stream.ts'
import type { Field } from '../support/header-block.ts'
import { below, oneIn, type Random } from '../support/random.ts'
import { answerOf, hugeFields, type Script, uploadOf } from './script.ts'
import { feed } from './taking.ts'

export type Exchange = {
  readonly client: CarefulClient
  readonly id: string
  readonly script: Script
  readonly random: Random
}

/** One request as its script has it. Resolves with what is wrong about what came of it; rejects where the connection ends before. */
export async function exchange({ client, id, script, random }: Exchange): Promise<string | undefined> {
  const end = script.upload === 'none'
  const padding = script.isPadded ? { padding: below(random, 100) } : {}
  const isPrioritized = oneIn(random, 5)
  const stream = client.request(fieldsOf(id, script), { end, parts: script.headParts, isPrioritized, ...padding })
  const feeding = feed(client, stream, script)
  if (script.abortsAt === 'at once') client.reset(stream, script.abortCode)
  try {
    const uploaded = end ? undefined : upload({ client, id, script, random }, stream)
    await Promise.all([uploaded, abortAt(client, stream, id, script), client.until(() => stream.isDone)])
  } finally {
    feeding.stop()
  }
  return faultOf(stream, id, script)
}

function fieldsOf(id: string, { method, upload, uploadSize, expects, headBytes, ending }: Script): readonly Field[] {
  return [
    [':method', method],
    [':scheme', 'https'],
    [':authority', 'app.example.com'],
    [':path', `/${id}`],
    ['te', 'trailers'],
    ['cookie', 'a=1'],
    ['cookie', `b=${id}`],
    ...(upload === 'length' ? [['content-length', String(uploadSize)] as const] : []),
    ...(upload !== 'none' && ending === 'trailers' ? [['trailer', 'x-sum'] as const] : []),
    ...(expects ? [['expect', '100-continue'] as const] : []),
    ...(headBytes > 0 ? [['x-long', 'l'.repeat(headBytes)] as const] : []),
  ]
}

/** Sends it as the windows allow, until it is all there or nobody wants it any more. */
async function upload({ client, id, script, random }: Exchange, stream: ClientStream): Promise<void> {
  if (script.expects) await client.until(() => stream.interim.length > 0 || stream.head !== undefined || stream.isDone)
  const body = uploadOf(id, script)
  const half = body.length >> 1
  for (let at = 0; at < body.length; ) {
    await client.until(() => client.roomFor(stream) > 0 || !stream.takesUpload)
    if (!stream.takesUpload) return
    if (script.abortsAt === 'upload' && at >= half) return client.reset(stream, script.abortCode)
    const room = client.roomFor(stream)
    const padding = script.isPadded && room > 300 ? { padding: below(random, 256) } : {}
    const size = Math.min(script.piece, room - (padding.padding ?? -1) - 1)
    const piece = body.subarray(at, at + size)
    at += piece.length
    client.data(stream, piece, { end: at === body.length && script.ending === 'data', ...padding })
  }
  if (!stream.takesUpload) return
  if (script.abortsAt === 'upload') client.reset(stream, script.abortCode)
  else if (script.ending === 'trailers') client.trailers(stream, [['x-sum', '1']])
  else client.data(stream, Buffer.alloc(0), { end: true })
}

async function abortAt(client: CarefulClient, stream: ClientStream, id: string, script: Script): Promise<void> {
  const { abortsAt, abortCode } = script
  if (abortsAt !== 'head' && abortsAt !== 'body' && abortsAt !== 'end') return
  const half = answerOf(id, script).length >> 1
  await client.until(() => {
    if (stream.isDone) return true
    return stream.head !== undefined && (abortsAt === 'head' || (abortsAt === 'body' && stream.received >= half))
  })
  // RFC 9113 section 5.1: nothing is to be sent on a stream that is closed.
  if (stream.resetCode === undefined && !(stream.isEnded && stream.hasSentEnd)) client.reset(stream, abortCode)
}

function faultOf(stream: ClientStream, id: string, script: Script): string | undefined {
  const { status, body } = stream
  const expected = answerOf(id, script)
  const text = status > 399 ? ` ${body}` : ''
  const seen = `status ${status}, ${body.length} of ${expected.length} bytes, reset ${stream.resetCode}${text}`
  const isCut = script.abortsAt !== 'never' && stream.hasSentReset
  if (status === 502 && script.fault !== 'none') return undefined
  if (status === 0) return isCut ? undefined : `no answer: ${seen}`
  if (status !== script.status) return `another answer: ${seen}`
  if (valueIn(stream.head, 'x-id') !== id) return `the answer of another request: ${seen}`
  if (!expected.subarray(0, body.length).equals(body)) return `other bytes: ${seen}`
  if (script.isHuge && hugeFields.some(([name, value]) => valueIn(stream.head, name) !== value)) return 'not all fields'
  if (isCut && !stream.isEnded) return undefined
  if (script.fault === 'within') return stream.isEnded ? `a clean end of a broken answer: ${seen}` : undefined
  if (!stream.isEnded || body.length !== expected.length) return `not all of it: ${seen}`
  if (script.hints > 0 && !stream.interim.some((fields) => valueIn(fields, ':status') === '103')) return 'no hints'
  return script.hasTrailers && valueIn(stream.trailers, 'x-end') !== id ? 'no trailers' : undefined
}
