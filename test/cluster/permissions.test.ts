import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { at, type KubernetesObject, list } from '../manifests/object.ts'
import { makeCertificate, makeTlsSecret } from '../support/certificates.ts'
import { readGrants, rulesOf } from './support/access-rules.ts'
import {
  type AuditEvent,
  auditPosition,
  compareAccess,
  isHeadgate,
  readAuditLog,
  whileRefused,
} from './support/audit-log.ts'
import { ingress, service } from './support/backends.ts'
import { applyObjects, deleteNamespace, getObject, listObjects, patchObject } from './support/objects.ts'
import { applyOverlay, type OverlayOptions, type Patch, removeOverlay, rolledOut } from './support/overlay.ts'
import { servedCertificate } from './support/served-certificate.ts'
import { until } from './support/until.ts'
import { useBed } from './support/use-bed.ts'

const bed = useBed()
const account = { namespace: 'headgate', name: 'headgate' }
/** The one that manifests/overlays/namespaced serves. */
const shop = 'shop'
const refreshed = ['--secret-refresh-seconds=1']

let overlay: OverlayOptions | undefined
let start = 0

beforeEach(async () => {
  overlay = undefined
  start = await auditPosition(bed)
  await applyObjects(bed, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop, labels: { 'headgate.dev/serve': 'true' } } },
    service({ name: 'app', namespace: shop }),
    shopIngress('cert'),
    shopIngress('opaque'),
  ])
})

afterEach(async () => {
  // In this order: Roles of the namespace that go before the pods would be refused requests (audit-log.ts).
  if (overlay !== undefined) await removeOverlay(bed, overlay)
  await deleteNamespace(bed, shop)
})

describe('with the rights of its manifests, all of which it uses, Headgate runs', () => {
  it.each<[string, OverlayOptions, readonly string[], readonly string[]]>([
    ['cluster-wide', { folder: 'overlays/loadbalancer' }, [], ['list', 'watch']],
    ['in named namespaces only', { folder: 'overlays/namespaced' }, [], ['list', 'watch']],
    ['with Secrets by name', { folder: 'overlays/secrets-by-name' }, refreshed, ['get']],
  ])('%s', async (_, options, args, secretVerbs) => {
    await Promise.all(['fallback', 'cert', 'opaque'].map((name) => putSecret(name)))
    await deploy(options, args)
    await rotates('cert')
    await rotates('opaque')
    await writesStatusOf('cert')
    await tellsOfMistakes()
    await changesItsLeader()
    const events = await requests()
    expect(compareAccess(events, rulesOf(account, await readGrants(bed)))).toEqual({ refused: [], unused: [] })
    const used = new Set(events.filter(({ resource }) => resource === 'secrets').map(({ verb }) => verb))
    expect([...used].sort()).toEqual(secretVerbs)
  })

  it('with certain Secrets only, telling the Ingress that names another, and with every component that adds rights', async () => {
    await whileRefused(bed, async () => {
      await applyObjects(bed, roleForSecrets('cert', 'fallback'))
      const [fallback, cert, opaque] = await Promise.all(['fallback', 'cert', 'opaque'].map((name) => putSecret(name)))
      const noSecrets: Patch = {
        kind: 'ClusterRole',
        name: 'headgate',
        operations: [
          { op: 'test', path: '/rules/0/resources', value: ['secrets'] },
          { op: 'remove', path: '/rules/0' },
        ],
      }
      const components = ['namespace-selector', 'node-addresses']
      await deploy({ folder: 'overlays/secrets-by-name', components, patches: [noSecrets] }, refreshed)
      await shows('cert', cert)
      await shows('opaque', fallback)
      await event(shop, 'opaque', 'TlsSecretForbidden')
      await writesStatusOf('cert')
      const { refused, unused } = compareAccess(await requests(), rulesOf(account, await readGrants(bed)))
      expect(refused).toEqual([expect.stringContaining('get /secrets shop/opaque')])
      expect(unused.filter((text) => /headgate-(namespaces|node-addresses|secrets)/.test(text))).toEqual([])
      await applyObjects(bed, roleForSecrets('cert', 'fallback', 'opaque'))
      await shows('opaque', opaque)
    })
  })
})

async function requests(): Promise<readonly AuditEvent[]> {
  return (await readAuditLog(bed, start)).filter(isHeadgate)
}

async function deploy(options: OverlayOptions, args: readonly string[]): Promise<void> {
  const added = [`--default-ssl-certificate=${shop}/fallback`, ...args]
  const path = '/spec/template/spec/containers/0/args/-'
  const operations = added.map((value) => ({ op: 'add' as const, path, value }))
  overlay = { ...options, patches: [...(options.patches ?? []), { kind: 'Deployment', operations }] }
  await applyOverlay(bed, overlay)
  // As a balancer does.
  await patchObject(bed, '/api/v1/namespaces/headgate/services/headgate/status', {
    status: { loadBalancer: { ingress: [{ ip: '198.51.100.80' }] } },
  })
  await rolledOut(bed)
}

function hostOf(name: string): string {
  return `${name}.permissions.example`
}

function shopIngress(name: string, backend = 'app'): KubernetesObject {
  const base = ingress({ name, namespace: shop, ingressClass: 'headgate', host: hostOf(name), service: backend })
  return { ...base, spec: { ...Object(base['spec']), tls: [{ hosts: [hostOf(name)], secretName: name }] } }
}

/** Fingerprint of its new certificate. `opaque` is not of the TLS type, and so not among those that are listed. */
async function putSecret(name: string): Promise<string> {
  const certificate = makeCertificate([name === 'fallback' ? '*.permissions.example' : hostOf(name)], {
    freshKey: true,
  })
  const type = name === 'opaque' ? 'Opaque' : 'kubernetes.io/tls'
  const metadata = { name, namespace: shop }
  await applyObjects(bed, [{ apiVersion: 'v1', ...makeTlsSecret(name, certificate), type, metadata }])
  return new X509Certificate(certificate.certPem).fingerprint256
}

async function shows(name: string, fingerprint: string | undefined): Promise<void> {
  await until(`the certificate ${fingerprint} for ${name}`, async () => {
    return (await servedCertificate(bed, hostOf(name))) === fingerprint
  })
}

async function rotates(name: string): Promise<void> {
  await shows(name, await putSecret(name))
}

async function writesStatusOf(name: string): Promise<void> {
  await until(`an address in the status of ${name}`, async () => {
    const found = await getObject(bed, `/apis/networking.k8s.io/v1/namespaces/${shop}/ingresses/${name}`)
    return list(at(found, 'status.loadBalancer.ingress')).length > 0
  })
}

/** In the namespace of the user and in our own; one that comes back is counted. */
async function tellsOfMistakes(): Promise<void> {
  await applyObjects(bed, [settings('no-such-setting'), shopIngress('broken', 'missing')])
  await event('headgate', 'headgate', 'InvalidSetting')
  await event(shop, 'broken', 'ServiceNotFound')
  await applyObjects(bed, [settings('another'), shopIngress('broken', 'app')])
  await event('headgate', 'headgate', 'InvalidSetting', { message: 'another' })
  await event(shop, 'broken', 'NoReadyEndpoints')
  await applyObjects(bed, [settings('no-such-setting'), shopIngress('broken', 'missing')])
  await event('headgate', 'headgate', 'InvalidSetting', { count: 2 })
  await event(shop, 'broken', 'ServiceNotFound', { count: 2 })
}

function settings(key: string): KubernetesObject {
  const metadata = { name: 'headgate', namespace: 'headgate' }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [key]: 'on' } }
}

async function event(namespace: string, name: string, reason: string, { count = 1, message = '' } = {}): Promise<void> {
  const fields = encodeURIComponent(`involvedObject.name=${name},reason=${reason}`)
  await until(`Event ${reason} about ${namespace}/${name}, ${count} times`, async () => {
    const found = await listObjects(bed, `/api/v1/namespaces/${namespace}/events?fieldSelector=${fields}`)
    return found.some((one) => Number(at(one, 'count')) >= count && String(at(one, 'message')).includes(message))
  })
}

async function changesItsLeader(): Promise<void> {
  const before = await leader()
  await bed.kubectl(['delete', 'pod', before, '-n', 'headgate', '--wait=false'])
  await until('another leader', async () => {
    const now = await leader()
    return now !== '' && now !== before
  })
  await applyObjects(bed, [shopIngress('later')])
  await writesStatusOf('later')
}

async function leader(): Promise<string> {
  const lease = await getObject(bed, '/apis/coordination.k8s.io/v1/namespaces/headgate/leases/headgate-leader')
  return String(at(lease, 'spec.holderIdentity') ?? '')
}

function roleForSecrets(...names: readonly string[]): readonly KubernetesObject[] {
  const metadata = { name: 'headgate-secrets', namespace: shop }
  const group = 'rbac.authorization.k8s.io'
  return [
    {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: names, verbs: ['get'] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
  ]
}
