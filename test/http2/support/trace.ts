import { type Frame, FrameReader } from './frame-reader.ts'
import { frameType } from './frames.ts'

/** One line for each frame of a connection, both ways, on standard error: `HTTP2_TRACE=1`, for one connection that failed. */
export type Trace = { sent(bytes: Buffer): void; received(frame: Frame): void }

const names = new Map<number, string>(Object.entries(frameType).map(([name, type]) => [type, name]))

let connections = 0

export function newTrace(): Trace | undefined {
  if (process.env['HTTP2_TRACE'] === undefined) return undefined
  const connection = connections++
  const reader = new FrameReader()
  const write = (way: string, { type, flags, streamId, payload }: Frame): void => {
    const start = payload.subarray(0, 24).toString('hex')
    const name = names.get(type) ?? `0x${type.toString(16)}`
    process.stderr.write(`${connection} ${way} ${name} ${streamId} flags ${flags}, ${payload.length} bytes: ${start}\n`)
  }
  return {
    received: (frame) => write('<', frame),
    sent(bytes) {
      const isPreface = bytes.subarray(0, 3).toString('latin1') === 'PRI'
      for (const frame of reader.push(isPreface ? bytes.subarray(24) : bytes)) write('>', frame)
    },
  }
}
