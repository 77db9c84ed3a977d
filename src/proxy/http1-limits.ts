/** Limits of HTTP/1.1 clients, in both of its lanes where both have them; the reasons stand in docs/reference/limits.md. */
export const http1Limits = {
  maxHeaderBytes: 32 * 1024,
  maxHeaderFields: 100,
  headersTimeoutMs: 10_000,
  checkEveryMs: 1_000,
  requestsPerConnection: 10_000,
  /** Requests that wait for the answer to the one before them. */
  waitingPerConnection: 100,
} as const
