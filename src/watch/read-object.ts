import { isRecord } from '../is-record.ts'
import type { ClusterObject, Kind, Metadata } from './objects.ts'

/** What is kept of a value: all of it, some fields of a map, or some fields of each item of a list. */
type Shape = 'all' | { readonly [field: string]: Shape } | readonly [Shape]

const backend: Shape = {
  service: { name: 'all', port: { name: 'all', number: 'all' } },
  resource: { apiGroup: 'all', kind: 'all', name: 'all' },
}
const loadBalancer: Shape = { ingress: [{ ip: 'all', hostname: 'all' }] }

const shapes: Readonly<Record<Kind, { readonly [field: string]: Shape }>> = {
  Ingress: {
    spec: {
      ingressClassName: 'all',
      defaultBackend: backend,
      rules: [{ host: 'all', http: { paths: [{ path: 'all', pathType: 'all', backend }] } }],
      tls: [{ hosts: 'all', secretName: 'all' }],
    },
    status: { loadBalancer },
  },
  IngressClass: { spec: { controller: 'all' } },
  Service: {
    spec: {
      type: 'all',
      clusterIP: 'all',
      clusterIPs: 'all',
      externalName: 'all',
      externalIPs: 'all',
      publishNotReadyAddresses: 'all',
      ports: [{ name: 'all', port: 'all', protocol: 'all', targetPort: 'all', appProtocol: 'all' }],
    },
    status: { loadBalancer },
  },
  EndpointSlice: {
    addressType: 'all',
    endpoints: [
      {
        addresses: 'all',
        conditions: { ready: 'all', serving: 'all', terminating: 'all' },
        nodeName: 'all',
        zone: 'all',
      },
    ],
    ports: [{ name: 'all', port: 'all', protocol: 'all', appProtocol: 'all' }],
  },
  Secret: { type: 'all', data: 'all' },
  ConfigMap: { data: 'all' },
  Namespace: {},
}

// Groups matter: other groups have a Service and an Ingress of their own (serving.knative.dev, config.openshift.io).
const groups: Readonly<Record<Kind, string>> = {
  Ingress: 'networking.k8s.io/v1',
  IngressClass: 'networking.k8s.io/v1',
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  Secret: 'v1',
  ConfigMap: 'v1',
  Namespace: 'v1',
}

const clusterScoped: ReadonlySet<string> = new Set<Kind>(['IngressClass', 'Namespace'])

// kubectl's copy of the whole object: as large as the object, and never read.
const unreadAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

export function isKind(kind: unknown): kind is Kind {
  return typeof kind === 'string' && Object.hasOwn(groups, kind)
}

export function apiVersionOf(kind: Kind): string {
  return groups[kind]
}

function isNamespaced(kind: Kind): boolean {
  return !clusterScoped.has(kind)
}

/**
 * The fields that we read of an object as an API server or a file gives it; `undefined` without a name. Namespaced objects
 * without a namespace are in `default`. What is inside `spec` may be of wrong types, in spite of what the type says:
 * files are not validated, and whoever builds on the object has to say which field is wrong.
 */
export function readObject(kind: Kind, raw: unknown): ClusterObject | undefined {
  const metadata = isRecord(raw) ? readMetadata(kind, raw['metadata']) : undefined
  if (!isRecord(raw) || metadata === undefined) return undefined
  const data = kind === 'Secret' ? readSecretData(raw) : {}
  return { ...pickFields(raw, shapes[kind]), ...data, kind, metadata } as ClusterObject
}

function readMetadata(kind: Kind, raw: unknown): Metadata | undefined {
  if (!isRecord(raw)) return undefined
  const name = readString(raw['name'])
  if (name === undefined) return undefined
  const uid = readString(raw['uid'])
  const resourceVersion = readString(raw['resourceVersion'])
  const creationTimestamp = readString(raw['creationTimestamp'])
  const annotations = readStrings(raw['annotations'])
  const labels = readStrings(raw['labels'])
  return {
    name,
    ...(isNamespaced(kind) && { namespace: readString(raw['namespace']) ?? 'default' }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(annotations !== undefined && { annotations }),
    ...(labels !== undefined && { labels }),
  }
}

function readString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Other scalars, which YAML makes of `true` and `10`, become their text. */
function readStrings(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined
  const entries = Object.entries(value).filter(([name, item]) => name !== unreadAnnotation && isScalar(item))
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([name, item]) => [name, String(item)]))
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

// stringData wins over data, as in the API server.
function readSecretData(raw: Readonly<Record<string, unknown>>): { data?: Readonly<Record<string, unknown>> } {
  const { data, stringData } = raw
  if (!isRecord(stringData)) return {}
  const encoded = Object.entries(stringData).map(([name, text]) => [name, Buffer.from(String(text)).toString('base64')])
  return { data: { ...(isRecord(data) && data), ...Object.fromEntries(encoded) } }
}

function pick(value: unknown, shape: Shape): unknown {
  if (shape === 'all') return value
  if (isList(shape)) return Array.isArray(value) ? value.map((item) => pick(item, shape[0])) : value
  return isRecord(value) ? pickFields(value, shape) : value
}

function isEmptyRecord(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape)
}

function pickFields(value: Readonly<Record<string, unknown>>, shape: { readonly [field: string]: Shape }): object {
  const picked: Record<string, unknown> = {}
  for (const [field, inner] of Object.entries(shape)) {
    const item = value[field]
    // null is how both YAML and the API say "not set"; EndpointSlices come with `ports: null`.
    if (item === undefined || item === null) continue
    const kept = pick(item, inner)
    // A status that holds only conditions is to us as none: otherwise the first condition would be a change.
    if (!isEmptyRecord(kept) || isEmptyRecord(item)) picked[field] = kept
  }
  return picked
}
