import { type KeyObject, X509Certificate } from 'node:crypto'

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** The certificates of a PEM text, in its order. Throws an Error whose message says what is wrong with `tls.crt`. */
export function parseChain(text: string): X509Certificate[] {
  const blocks = text.match(certificateBlock) ?? []
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1
  if (begun > blocks.length) throw new Error('tls.crt is cut off: a certificate begins and does not end')
  if (blocks.length === 0) throw new Error(notACertificate(text))
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch (error) {
      throw new Error(`certificate ${index + 1} of ${blocks.length} in tls.crt cannot be read`, { cause: error })
    }
  })
}

function notACertificate(text: string): string {
  const other = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1]
  return other === undefined ? 'tls.crt is not PEM' : `tls.crt holds no certificate but a ${other}`
}

/** Leaf first; `undefined` if the key belongs to none of them. A chain that begins with its leaf stays as it is. */
export function leafFirst(chain: readonly X509Certificate[], key: KeyObject): readonly X509Certificate[] | undefined {
  // createSecureContext takes a certificate and a key that do not belong together, and every handshake then fails.
  const leaf = chain.find((certificate) => certificate.checkPrivateKey(key))
  if (leaf === undefined || leaf === chain[0]) return leaf && chain
  const ordered = [leaf]
  const rest = new Set(chain)
  rest.delete(leaf)
  for (let last = leaf; ; ) {
    const issuer = [...rest].find((certificate) => last.checkIssued(certificate))
    if (issuer === undefined) return [...ordered, ...rest]
    ordered.push(issuer)
    rest.delete(issuer)
    last = issuer
  }
}

// `DNS:a.example, IP Address:127.0.0.1, DNS:"odd, DNS:name"`: node quotes what could be taken for two names.
const altName = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy
const hostName = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/

/**
 * DNS names of the subjectAltName, lower case. The common name is not one of them: clients have not looked at it for
 * years (RFC 9525 section 2). Addresses are left out as they never come as a server name (RFC 6066 section 3).
 */
export function dnsNamesOf(certificate: X509Certificate): readonly string[] {
  const names = new Set<string>()
  for (const [, kind, value = ''] of (certificate.subjectAltName ?? '').matchAll(altName)) {
    const name = value.toLowerCase()
    if (kind === 'DNS' && hostName.test(name)) names.add(name)
  }
  return [...names]
}
