/** Who is believed about the clients behind it, and what endpoints are told. See docs/client-identity.md. */
export type IdentitySettings = {
  /** The X-Forwarded-… fields and X-Request-ID of trusted peers count. */
  readonly useForwardedHeaders: boolean
  /** Of them X-Forwarded-For alone. */
  readonly enableRealIp: boolean
  /** Addresses of those peers (CIDR). */
  readonly trustedRanges: readonly string[]
  /** X-Forwarded-For names the hops behind the client too. */
  readonly fullForwardedFor: boolean
  /** Endpoints get `Forwarded` (RFC 7239) too. */
  readonly addForwarded: boolean
}

export const defaultIdentitySettings: IdentitySettings = {
  useForwardedHeaders: false,
  enableRealIp: false,
  trustedRanges: [],
  fullForwardedFor: false,
  addForwarded: false,
}
