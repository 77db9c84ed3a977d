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
  /** Of a line of `json`, in this order; empty: all. */
  readonly accessLogFields: readonly AccessLogField[]
}

export const accessLogFormats = ['off', 'json', 'combined', 'ingress-nginx'] as const
type AccessLogFormat = (typeof accessLogFormats)[number]

/** In the order of a line that has all. */
export const accessLogFields = [
  'level',
  'time',
  'message',
  'requestId',
  'client',
  'method',
  'host',
  'target',
  'httpVersion',
  'scheme',
  'tlsVersion',
  'lane',
  'status',
  'requestBytes',
  'responseBytes',
  'duration',
  'connectDuration',
  'firstByteDuration',
  'route',
  'namespace',
  'ingress',
  'service',
  'endpoint',
  'attempts',
  'reason',
  'userAgent',
  'referer',
] as const
export type AccessLogField = (typeof accessLogFields)[number]
