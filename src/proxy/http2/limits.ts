import { defaultHttp2Settings, type Http2Settings } from '../../router/http2-settings.ts'
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
  /** Streams that the client gives up (CVE-2023-44487); ten answers that it waits for allow for one more. */
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

export function limitsOf(settings: Http2Settings): Http2Limits {
  return {
    streams: settings.http2Streams,
    headerListBytes: settings.http2HeaderListBytes,
    headerFields: settings.http2HeaderFields,
    headerBlockBytes: settings.http2HeaderBlockBytes,
    continuations: settings.http2Continuations,
    headerTableBytes: settings.http2HeaderTableBytes,
    streamWindow: settings.http2StreamWindow,
    connectionWindow: settings.http2ConnectionWindow,
    unreadBytes: settings.http2UnreadBytes,
    resets: { burst: settings.http2ResetBurst, perSecond: settings.http2ResetsPerSecond },
    streamErrors: { burst: settings.http2StreamErrorBurst, perSecond: settings.http2StreamErrorsPerSecond },
    idleFrames: { burst: settings.http2IdleFrameBurst, perSecond: settings.http2IdleFramesPerSecond },
    prefaceMs: settings.http2PrefaceTimeoutMs,
    headerBlockMs: settings.http2HeaderTimeoutMs,
  }
}

export const defaultLimits: Http2Limits = limitsOf(defaultHttp2Settings)

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
