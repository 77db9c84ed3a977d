import type { Allowance } from './budget.ts'

/** What one client may make us hold or do. Times in milliseconds, sizes in bytes. */
export type Http2Limits = {
  /** Requests at a time; more are refused, and may safely be sent again (RFC 9113 section 5.1.2). */
  readonly streams: number
  /** Of a decoded header list, 32 a field added (RFC 9113 section 6.5.2): more is answered with 431. */
  readonly headerListBytes: number
  readonly headerFields: number
  /** Of a header list as it comes, in HEADERS and CONTINUATION. */
  readonly headerBlockBytes: number
  readonly continuations: number
  /** HPACK table of a connection, for what its client sends. */
  readonly headerTableBytes: number
  /** Body bytes that may be on their way before somebody takes them. */
  readonly streamWindow: number
  readonly connectionWindow: number
  /** Bytes of answers that wait for a client to read them. */
  readonly unreadBytes: number
  /** Streams that the client gives up (CVE-2023-44487); each answer that it waits for allows for one more. */
  readonly resets: Allowance
  /** Streams that we reset because of what the client sent (CVE-2025-8671). */
  readonly streamErrors: Allowance
  /** Frames that bring no request forward: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, DATA without data, unknown ones. */
  readonly idleFrames: Allowance
  /** From the first byte of a connection to its SETTINGS. */
  readonly prefaceMs: number
  /** From HEADERS to the end of the header list. */
  readonly headerBlockMs: number
}

export const defaultLimits: Http2Limits = {
  streams: 100,
  headerListBytes: 32 * 1024,
  headerFields: 100,
  headerBlockBytes: 64 * 1024,
  continuations: 16,
  headerTableBytes: 4_096,
  streamWindow: 256 * 1024,
  connectionWindow: 1024 * 1024,
  unreadBytes: 256 * 1024,
  resets: { burst: 200, perSecond: 20 },
  streamErrors: { burst: 100, perSecond: 10 },
  idleFrames: { burst: 1_000, perSecond: 50 },
  prefaceMs: 10_000,
  headerBlockMs: 10_000,
}

/** Closed list: why a client was held back, or lost a stream or its connection. */
export type LimitReason =
  | 'streams'
  | 'header-list'
  | 'header-block'
  | 'resets'
  | 'stream-errors'
  | 'idle-frames'
  | 'preface-timeout'
  | 'header-timeout'
  | 'body-stall'
  | 'write-stall'
