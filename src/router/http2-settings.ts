/** What one client may make us hold or do over HTTP/2. Sizes in bytes. See docs/reference/limits.md. */
export type Http2Settings = {
  /** Requests at a time on one connection. */
  readonly http2Streams: number
  /** Of a decoded header list, 32 a field added (RFC 9113 section 6.5.2). */
  readonly http2HeaderListBytes: number
  readonly http2HeaderFields: number
  /** Of a header list as it comes, in HEADERS and CONTINUATION. */
  readonly http2HeaderBlockBytes: number
  /** CONTINUATION frames of one header list. */
  readonly http2Continuations: number
  /** HPACK table of a connection, for what its client sends. */
  readonly http2HeaderTableBytes: number
  /** Bytes of a request body that may be on their way before somebody takes them. */
  readonly http2StreamWindow: number
  /** The same, of all requests of a connection. */
  readonly http2ConnectionWindow: number
  /** Bytes of answers that wait for a client to read them. */
  readonly http2UnreadBytes: number
  /** Streams that the client gives up (CVE-2023-44487): at once, and more with each second. */
  readonly http2ResetBurst: number
  readonly http2ResetsPerSecond: number
  /** Streams that we reset because of what the client sent (CVE-2025-8671). */
  readonly http2StreamErrorBurst: number
  readonly http2StreamErrorsPerSecond: number
  /** Frames that bring no request forward. */
  readonly http2IdleFrameBurst: number
  readonly http2IdleFramesPerSecond: number
  /** Milliseconds from the first byte of a connection to its SETTINGS. */
  readonly http2PrefaceTimeoutMs: number
  /** Milliseconds from HEADERS to the end of the header list. */
  readonly http2HeaderTimeoutMs: number
}

export const defaultHttp2Settings: Http2Settings = {
  http2Streams: 100,
  http2HeaderListBytes: 32 * 1024,
  http2HeaderFields: 100,
  http2HeaderBlockBytes: 64 * 1024,
  http2Continuations: 16,
  http2HeaderTableBytes: 4 * 1024,
  http2StreamWindow: 256 * 1024,
  http2ConnectionWindow: 1024 * 1024,
  http2UnreadBytes: 256 * 1024,
  http2ResetBurst: 200,
  http2ResetsPerSecond: 20,
  http2StreamErrorBurst: 100,
  http2StreamErrorsPerSecond: 10,
  http2IdleFrameBurst: 1_000,
  http2IdleFramesPerSecond: 50,
  http2PrefaceTimeoutMs: 10_000,
  http2HeaderTimeoutMs: 10_000,
}
