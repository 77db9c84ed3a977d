import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { issueCertificate } from '../../src/tls/issue-certificate.ts'

/** One certificate for every peer: ECDSA on P-256, which is what a client of today is given. */
export type Certificate = {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
  /** Both in one file, as HAProxy wants them. */
  readonly bothFile: string
}

const dayMs = 86_400_000

export async function writeCertificate(folder: string): Promise<Certificate> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const commonName = 'bench.example.com'
  const names = [commonName, 'localhost', '127.0.0.1']
  const now = Date.now()
  const cert = issueCertificate(
    { commonName, names, notBefore: now - dayMs, notAfter: now + 30 * dayMs, key: privateKey, isAuthority: false },
    { commonName, key: privateKey },
  )
  const files = {
    certFile: join(folder, 'bench.crt'),
    keyFile: join(folder, 'bench.key'),
    bothFile: join(folder, 'bench.pem'),
  }
  await writeFile(files.certFile, cert)
  await writeFile(files.keyFile, key)
  await writeFile(files.bothFile, `${cert}\n${key}`)
  return { cert, key, ...files }
}
