/** What holds for a connection to an endpoint, whoever speaks on it; the reasons stand in docs/reference/limits.md. */
export const upstreamLimits = {
  headBytes: 64 * 1024,
  /**
   * Below the 5 s after which many servers (Node's among them) close an idle connection: a request that meets such a close
   * half way cannot always be repeated.
   */
  keepAliveMs: 4_000,
  /** Where the endpoint says how long it keeps one. */
  keepAliveMaxMs: 60_000,
  /** Where an HTTP/2 endpoint allows more: so many share the fate of one connection, and its one order of bytes. */
  streamsPerConnection: 100,
  /** Of an HTTP/2 endpoint. Stream ids end at twice as many (RFC 9113 section 5.1.1), and Node does not tell before it is too late. */
  requestsPerConnection: 2 ** 29,
} as const
