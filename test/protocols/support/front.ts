import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate, testAuthority } from '../../support/certificates.ts'
import { type Headgate, startHeadgate } from '../../support/headgate.ts'
import { ingress, service, tlsSecret, toYaml } from '../../support/objects.ts'

export const host = 'app.example.com'

/** A Headgate that sends everything, whatever its host, to one endpoint; with a certificate for `host`. */
export type Front = {
  readonly headgate: Headgate
  /** Of the authority that a client has to trust. */
  readonly authorityFile: string
  /** For what a client reads and writes; gone in the end. */
  readonly folder: string
  close(): Promise<void>
}

export type FrontOptions = {
  readonly flags?: readonly string[]
  /** What the endpoint speaks, as its Service says. */
  readonly appProtocol?: string
}

export async function startFront(port: number, { flags = [], appProtocol }: FrontOptions = {}): Promise<Front> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-protocols-'))
  const authorityFile = join(folder, 'authority.pem')
  await writeFile(authorityFile, testAuthority().certPem)
  const [, ...endpoints] = service('app', [port])
  const app = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'app', namespace: 'default' },
    spec: { ports: [{ name: 'http', port: 80, ...(appProtocol && { appProtocol }) }] },
  }
  const objects = toYaml(
    ingress({ tls: [{ hosts: [host], secretName: 'app' }] }),
    endpoints,
    app,
    tlsSecret('app', makeCertificate([host])),
  )
  const headgate = await startHeadgate({ manifests: { 'app.yaml': objects }, flags })
  return {
    headgate,
    authorityFile,
    folder,
    async close() {
      await headgate.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
