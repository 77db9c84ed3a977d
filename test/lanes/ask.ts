import { contentOf } from '../http2/support/frame-reader.ts'
import {
  data as dataFrame,
  flag,
  frameType,
  headers,
  preface,
  settingsAck,
  settingsFrame,
} from '../http2/support/frames.ts'
import { encodeBlock, type Field } from '../http2/support/header-block.ts'
import { HeaderReader } from '../http2/support/header-reader.ts'
import { ConnectionEnded, RawHttp2 } from '../http2/support/raw-http2.ts'
import type { Headgate } from '../support/headgate.ts'
import type { Http1Lane } from '../support/lanes.ts'
import { type Asked, toHttp1 } from './corpus/asked.ts'

/** What a client hears of its request: a status, or that there is none to be had. */
export type Answer = number | 'ended' | 'reset' | 'silent'

const chunk = 16_384
const boundMs = 5_000

/** Over a connection of its own, in the bytes of HTTP/1.1. Interim answers are passed over. */
export async function askHttp1(lane: Http1Lane, headgate: Headgate, asked: Asked): Promise<Answer> {
  const client = await lane.open(headgate)
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
    client.close()
  }, boundMs)
  try {
    client.send(toHttp1(asked))
    for (;;) {
      const { status } = await client.response(asked.method === 'HEAD')
      if (status >= 200) return status
    }
  } catch {
    return isLate ? 'silent' : 'ended'
  } finally {
    clearTimeout(late)
    client.close()
  }
}

/** Over a connection of its own, in the frames of HTTP/2. */
export async function askHttp2(headgate: Headgate, { method, target, host, fields, body }: Asked): Promise<Answer> {
  const pseudo: readonly Field[] = [
    [':method', method],
    [':scheme', 'https'],
    ...(host === undefined ? [] : [[':authority', host] as const]),
    [':path', target],
  ]
  const client = await RawHttp2.open({ port: headgate.https, isTls: true })
  try {
    const parts =
      1 +
      Math.floor(target.length / 8_000) +
      fields.reduce((sum, [, value]) => sum + Math.floor(value.length / 8_000), 0)
    client.send(Buffer.concat([preface, settingsFrame(), settingsAck]))
    client.send(headers(1, encodeBlock([...pseudo, ...fields]), { end: body === '', parts }))
    for (let from = 0; from < body.length; from += chunk) {
      const piece = Buffer.from(body.slice(from, from + chunk), 'latin1')
      client.send(dataFrame(1, piece, { end: from + chunk >= body.length }))
    }
    const reader = new HeaderReader()
    let status = 0
    let read = 0
    return await client.until((): Answer | undefined => {
      for (const frame of client.frames.slice(read)) {
        read++
        if (frame.type === frameType.goaway) return 'ended'
        if (frame.streamId !== 1) continue
        if (frame.type === frameType.reset) return status >= 200 ? status : 'reset'
        if (frame.type === frameType.headers) {
          const fieldsRead = reader.read(contentOf(frame) ?? Buffer.alloc(0))
          status = Number(fieldsRead.find(([name]) => name === ':status')?.[1] ?? status)
        }
        if ((frame.flags & flag.endStream) !== 0 && frame.type <= frameType.headers) return status
      }
      return undefined
    }, boundMs)
  } catch (error) {
    return error instanceof ConnectionEnded ? 'ended' : 'silent'
  } finally {
    client.close()
  }
}
