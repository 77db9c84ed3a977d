// Frames as RFC 9113 section 4.1 has them, well-formed or not: nothing here checks what it is told to write.

export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  reset: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
  priorityUpdate: 0x10,
} as const

export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const errorCode = {
  none: 0x0,
  protocol: 0x1,
  internal: 0x2,
  flowControl: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSize: 0x6,
  refused: 0x7,
  cancel: 0x8,
  compression: 0x9,
  connect: 0xa,
  enhanceYourCalm: 0xb,
} as const

export const setting = {
  tableSize: 0x1,
  enablePush: 0x2,
  maxStreams: 0x3,
  initialWindow: 0x4,
  maxFrame: 0x5,
  maxHeaderList: 0x6,
} as const

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

const nothing = Buffer.alloc(0)

export function frame(type: number, flags: number, streamId: number, payload: Buffer = nothing): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(streamId, 5)
  payload.copy(bytes, 9)
  return bytes
}

export function settingsFrame(entries: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(entries.length * 6)
  entries.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6)
    payload.writeUInt32BE(value, i * 6 + 2)
  })
  return frame(frameType.settings, 0, 0, payload)
}

export const settingsAck = frame(frameType.settings, flag.ack, 0)

export const windowUpdate = (streamId: number, increment: number): Buffer =>
  frame(frameType.windowUpdate, 0, streamId, uint32(increment))

export const resetStream = (streamId: number, code: number): Buffer => frame(frameType.reset, 0, streamId, uint32(code))

export const ping = (opaque = 0, flags = 0): Buffer =>
  frame(frameType.ping, flags, 0, Buffer.concat([uint32(0), uint32(opaque)]))

export const goaway = (lastStreamId: number, code: number): Buffer =>
  frame(frameType.goaway, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code)]))

export const priority = (streamId: number, on: number, weight = 15): Buffer =>
  frame(frameType.priority, 0, streamId, Buffer.concat([uint32(on), Buffer.from([weight])]))

/** RFC 9218 section 7.1. */
export const priorityUpdate = (streamId: number, value: string): Buffer =>
  frame(frameType.priorityUpdate, 0, 0, Buffer.concat([uint32(streamId), Buffer.from(value, 'latin1')]))

export type DataOptions = { readonly end?: boolean; readonly padding?: number | undefined }

/** `padding`: bytes of it, behind the one that says how many (RFC 9113 section 6.1). */
export function data(streamId: number, bytes: Buffer, { end = false, padding }: DataOptions = {}): Buffer {
  const payload = padding === undefined ? bytes : padded(bytes, padding)
  return frame(
    frameType.data,
    (end ? flag.endStream : 0) | (padding === undefined ? 0 : flag.padded),
    streamId,
    payload,
  )
}

export type HeadersOptions = DataOptions & {
  readonly isPrioritized?: boolean
  /** In how many frames the block comes: HEADERS, then CONTINUATION. */
  readonly parts?: number
}

export function headers(streamId: number, block: Buffer, options: HeadersOptions = {}): Buffer {
  const { end = false, padding, isPrioritized = false, parts = 1 } = options
  const size = Math.max(1, Math.ceil(block.length / parts))
  const first = block.subarray(0, size)
  const prioritized = isPrioritized ? Buffer.concat([uint32(0), Buffer.from([15]), first]) : first
  const flags =
    (end ? flag.endStream : 0) | (padding === undefined ? 0 : flag.padded) | (isPrioritized ? flag.priority : 0)
  const payload = padding === undefined ? prioritized : padded(prioritized, padding)
  const frames = [frame(frameType.headers, flags | (block.length <= size ? flag.endHeaders : 0), streamId, payload)]
  for (let at = size; at < block.length; at += size) {
    const isLast = at + size >= block.length
    const part = block.subarray(at, at + size)
    frames.push(frame(frameType.continuation, isLast ? flag.endHeaders : 0, streamId, part))
  }
  return Buffer.concat(frames)
}

function padded(bytes: Buffer, padding: number): Buffer {
  return Buffer.concat([Buffer.from([padding]), bytes, Buffer.alloc(padding)])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
