// RFC 9113 section 4.1: what every frame begins with, and the kinds there are (section 6).

/** Length (3 bytes), type, flags, stream id (4). */
export const frameHeadBytes = 9

/** SETTINGS_MAX_FRAME_SIZE where nobody said another one, and all that we ask for or send: small frames let streams take turns. */
export const maxFrameBytes = 16_384

export const maxStreamId = 2 ** 31 - 1
export const maxWindow = 2 ** 31 - 1
/** Of streams and of the connection, where nobody said another one (section 6.9.2). */
export const defaultWindow = 65_535

export const clientPreface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
  /** RFC 9218 section 7.1. */
  priorityUpdate: 0x10,
} as const

export const flag = {
  /** DATA, HEADERS. */
  endStream: 0x1,
  /** SETTINGS, PING. */
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const

export const settingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  /** RFC 8441 section 3. */
  enableConnectProtocol: 0x8,
  /** RFC 9218 section 2.1. */
  noRfc7540Priorities: 0x9,
} as const
