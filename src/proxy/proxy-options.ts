/** What a process that carries traffic is told at its start, by flags; what may change later is in the table's settings. */
export type ProxyOptions = {
  /** False: the standard lane takes every HTTP/1.1 request. */
  readonly fastLane: boolean
  /** False: TLS connections get HTTP/1.1. */
  readonly http2: boolean
  /** Plain connections may begin with HTTP/2 (RFC 9113 section 3.3: prior knowledge). */
  readonly h2c: boolean
  /** False: undici carries every request to its endpoint. */
  readonly leanUpstream: boolean
  readonly accessLog: AccessLogFormat
}

export const accessLogFormats = ['off', 'json'] as const
export type AccessLogFormat = (typeof accessLogFormats)[number]
