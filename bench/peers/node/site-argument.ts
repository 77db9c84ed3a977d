import { readFileSync } from 'node:fs'
import type { Backends } from '../peer.ts'
import { ciphers, suites } from '../tls-policy.ts'

/** What the Node peers are told, as their only argument. */
export type NodeSite = {
  readonly port: number
  readonly tlsPort: number
  readonly certFile: string
  readonly keyFile: string
  readonly backends: Backends
}

export function readSite(): NodeSite {
  return JSON.parse(process.argv[2] ?? '')
}

/** The TLS policy of src/tls/sni.ts. */
export function tlsOptions({ certFile, keyFile }: NodeSite) {
  const policy = { minVersion: 'TLSv1.2', ciphers: `${ciphers}:${suites}`, honorCipherOrder: true } as const
  return { cert: readFileSync(certFile), key: readFileSync(keyFile), ...policy }
}
