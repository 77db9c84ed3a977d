import { constants } from 'node:crypto'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TlsOptions,
} from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { Certificate } from '../router/table.ts'

/** What ingress-nginx offers for TLS 1.2, less its DHE suites, which need parameters of their own; then those of TLS 1.3. */
const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
].join(':')

const policy = {
  minVersion: 'TLSv1.2',
  ciphers,
  honorCipherOrder: true,
  // A client that renegotiates makes the server work without doing any itself.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const satisfies SecureContextOptions

const handshakeTimeoutMs = 10_000

export type SniOptions = {
  /** Contexts kept at a time: 30 to 40 KiB each, a quarter of a millisecond to build. */
  readonly maxContexts?: number
  /** Once for each certificate that no context can be built from; its names are served with the default certificate. */
  readonly onError?: (error: Error, certificate: Certificate) => void
}

/** Chooses the certificate for a server name. Contexts are built when a client first asks for them. */
export class SniContexts {
  readonly #contexts: LRUCache<string, SecureContext>
  readonly #onError: (error: Error, certificate: Certificate) => void
  readonly #servers = new Set<Server>()
  // A handshake without a certificate fails, which is all that can be done where there is none.
  readonly #empty = createSecureContext(policy)
  readonly #broken = new Set<string>()
  #certificates: ReadonlyMap<string, Certificate> = new Map()

  constructor({ maxContexts = 2_000, onError = () => {} }: SniOptions = {}) {
    this.#contexts = new LRUCache({ max: maxContexts })
    this.#onError = onError
  }

  /** By server name, as in the routing table. Contexts of certificates that stay are kept; connections are untouched. */
  setCertificates(certificates: ReadonlyMap<string, Certificate>): void {
    if (certificates === this.#certificates) return
    const before = this.#certificates.get('')
    this.#certificates = certificates
    const ids = new Set<string>()
    for (const { id } of certificates.values()) ids.add(id)
    for (const id of [...this.#contexts.keys()]) if (!ids.has(id)) this.#contexts.delete(id)
    for (const id of this.#broken) if (!ids.has(id)) this.#broken.delete(id)
    if (before?.id !== certificates.get('')?.id) for (const server of this.#servers) this.#setDefault(server)
  }

  /** Exact name, then the wildcard one label up, then the default certificate. Never throws. */
  contextFor(servername: string | undefined): SecureContext {
    const chosen = this.#contextOf(certificateFor(this.#certificates, servername))
    return chosen ?? this.#contextOf(this.#certificates.get('')) ?? this.#empty
  }

  readonly sniCallback = (servername: string, done: (error: Error | null, context?: SecureContext) => void): void => {
    done(null, this.contextFor(servername))
  }

  /**
   * Keeps the default certificate of the server up to date until it closes: node asks no SNICallback for a client that
   * sends no server name, it takes the server's own context.
   */
  serve(server: Server): void {
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    this.#setDefault(server)
  }

  /** Contexts that are held. */
  get size(): number {
    return this.#contexts.size
  }

  #setDefault(server: Server): void {
    const certificate = this.#certificates.get('')
    // A certificate that no context can be built from would throw here: contextOf has found that out and reported it.
    if (this.#contextOf(certificate) === undefined || certificate === undefined) return
    const { certPem: cert, keyPem: key } = certificate
    // New ticket keys would end every session of this worker, and of this worker alone.
    server.setSecureContext({ ...policy, cert, key, ticketKeys: server.getTicketKeys() })
  }

  #contextOf(certificate: Certificate | undefined): SecureContext | undefined {
    if (certificate === undefined || this.#broken.has(certificate.id)) return undefined
    const known = this.#contexts.get(certificate.id)
    if (known !== undefined) return known
    try {
      const context = createSecureContext({ ...policy, cert: certificate.certPem, key: certificate.keyPem })
      this.#contexts.set(certificate.id, context)
      return context
    } catch (error) {
      this.#broken.add(certificate.id)
      this.#onError(error instanceof Error ? error : new Error(String(error)), certificate)
      return undefined
    }
  }
}

/** The certificate that serves a name; the default one for names that no other does. */
function certificateFor(
  certificates: ReadonlyMap<string, Certificate>,
  servername: string | undefined,
): Certificate | undefined {
  if (servername === undefined || servername === '') return certificates.get('')
  const lower = servername.toLowerCase()
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower
  const exact = certificates.get(name)
  if (exact !== undefined) return exact
  const dot = name.indexOf('.')
  const wildcard = dot > 0 ? certificates.get(`*${name.slice(dot)}`) : undefined
  return wildcard ?? certificates.get('')
}

/** Options for `tls.createServer` and `http2.createSecureServer`; then `contexts.serve(server)`. */
export function tlsServerOptions(
  contexts: SniContexts,
  { http2 = true }: { readonly http2?: boolean } = {},
): TlsOptions {
  return {
    ...policy,
    SNICallback: contexts.sniCallback,
    // A list and no callback: what a callback throws would take the worker down.
    ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    handshakeTimeout: handshakeTimeoutMs,
  }
}
