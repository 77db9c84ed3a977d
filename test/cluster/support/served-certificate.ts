import { at, list } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'
import { getObject, listPods } from './objects.ts'

/**
 * SHA-256 fingerprint of the certificate that the client outside is shown for this name, by the NodePort of a node with a
 * ready pod; undefined where nobody answers.
 */
export async function servedCertificate(bed: Bed, serverName: string): Promise<string | undefined> {
  const address = await httpsAddress(bed)
  if (address === undefined) return undefined
  const handshake = ['s_client', '-connect', address, '-servername', serverName, '-verify_quiet']
  const { stdout } = await bed.runAsClient('sh', [
    '-c',
    'timeout 5 openssl "$@" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 2>/dev/null',
    'sh',
    ...handshake,
  ])
  return /Fingerprint=([0-9A-F:]+)/i.exec(stdout)?.[1]
}

async function httpsAddress(bed: Bed): Promise<string | undefined> {
  const service = await getObject(bed, '/api/v1/namespaces/headgate/services/headgate')
  const port = list(at(service, 'spec.ports')).find((one) => at(one, 'name') === 'https')
  const pods = await listPods(bed, 'headgate', 'app.kubernetes.io/name=headgate')
  const pod = pods.find(({ isReady, isTerminating }) => isReady && !isTerminating)
  const node = bed.nodes.find(({ name }) => name === pod?.node)
  if (node === undefined) return undefined
  return `${node.ipv4 ?? `[${node.ipv6}]`}:${String(at(port, 'nodePort'))}`
}
