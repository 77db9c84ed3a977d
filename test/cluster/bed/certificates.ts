import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addressList, apiPort, firstAddress, type Layout, urlHost } from './layout.ts'
import { run } from './run.ts'

type Wish = {
  readonly name: string
  /** Who it is: the API server takes the groups from O and the user from CN. */
  readonly subject: string
  readonly alternativeNames?: readonly string[]
}

// src/tls/issue-certificate.ts writes neither O nor IPv6 addresses, which a server certificate of ours never has.

/** One authority, and a certificate and kubeconfig for everybody in the cluster, into `folder`. */
export async function makeCertificates(layout: Layout, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
  await Promise.all([
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=bed', '-days', '365'),
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'service-account.key').then(() =>
      openssl('ec', '-in', 'service-account.key', '-pubout', '-out', 'service-account.pub'),
    ),
  ])
  await Promise.all(
    wishes(layout).map(async ({ name, subject, alternativeNames = [] }) => {
      const names = alternativeNames.length === 0 ? [] : ['-addext', `subjectAltName=${alternativeNames.join(',')}`]
      const usage = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth,clientAuth']
      const extensions = [...usage.flatMap((one) => ['-addext', one]), ...names]
      const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`]
      const issuer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-days', '365']
      await openssl('req', '-x509', ...newKey, ...issuer, ...files, '-subj', subject, ...extensions)
      await writeFile(join(folder, `${name}.kubeconfig`), kubeconfig(layout, folder, name), { mode: 0o600 })
    }),
  )
}

function wishes(layout: Layout): readonly Wish[] {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local']
  const serverAddresses = [
    '127.0.0.1',
    '::1',
    ...layout.kubernetesServices,
    ...addressList(layout.apiServer),
    ...addressList(layout.secondApiServer),
  ]
  return [
    {
      name: 'kube-apiserver',
      subject: '/CN=kube-apiserver',
      alternativeNames: [...dns(service), ...ip(serverAddresses)],
    },
    { name: 'kubelet-client', subject: '/O=system:masters/CN=kube-apiserver-kubelet-client' },
    { name: 'front-proxy', subject: '/CN=front-proxy-client' },
    { name: 'admin', subject: '/O=system:masters/CN=admin' },
    { name: 'kube-controller-manager', subject: '/CN=system:kube-controller-manager' },
    { name: 'kube-scheduler', subject: '/CN=system:kube-scheduler' },
    { name: 'kube-proxy', subject: '/CN=system:kube-proxy' },
    ...layout.nodes.map((node) => ({
      name: node.name,
      subject: `/O=system:nodes/CN=system:node:${node.name}`,
      alternativeNames: [...dns([node.name]), ...ip(addressList(node))],
    })),
  ]
}

function dns(names: readonly string[]): readonly string[] {
  return names.map((name) => `DNS:${name}`)
}

function ip(addresses: readonly string[]): readonly string[] {
  return addresses.map((address) => `IP:${address}`)
}

// JSON is YAML.
function kubeconfig(layout: Layout, folder: string, name: string): string {
  const server = `https://${urlHost(firstAddress(layout.apiServer))}:${apiPort}`
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bed', cluster: { server, 'certificate-authority': join(folder, 'ca.crt') } }],
    users: [
      { name, user: { 'client-certificate': join(folder, `${name}.crt`), 'client-key': join(folder, `${name}.key`) } },
    ],
    contexts: [{ name: 'bed', context: { cluster: 'bed', user: name } }],
    'current-context': 'bed',
  })
}
