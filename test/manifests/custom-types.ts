// The custom resources of the load balancers that the overlays use: the fields we write, and those a reader is likely to
// add. Written by hand from the CRDs: MetalLB 0.16 (config/crd/bases), PureLB 0.16 (pkg/apis/purelb/v2/types.go),
// Cilium 1.18 (pkg/k8s/apis/cilium.io/client/crds).
import { isFields } from './object.ts'

type Schema = 'string' | 'integer' | 'boolean' | 'labels' | readonly [Schema] | { readonly [name: string]: Schema }

const selector: Schema = {
  matchLabels: 'labels',
  matchExpressions: [{ key: 'string', operator: 'string', values: ['string'] }],
}

const addressPool: Schema = { 'subnet!': 'string', 'pool!': 'string', aggregation: 'string' }
const purelbPools: Schema = { v4pool: addressPool, v6pool: addressPool, v4pools: [addressPool], v6pools: [addressPool] }

/** A name ending in `!` is required. */
const specs: Readonly<Record<string, Schema>> = {
  'metallb.io/v1beta1 IPAddressPool': {
    'addresses!': ['string'],
    autoAssign: 'boolean',
    avoidBuggyIPs: 'boolean',
    serviceAllocation: {
      priority: 'integer',
      namespaces: ['string'],
      namespaceSelectors: [selector],
      serviceSelectors: [selector],
    },
  },
  'metallb.io/v1beta1 L2Advertisement': {
    ipAddressPools: ['string'],
    ipAddressPoolSelectors: [selector],
    nodeSelectors: [selector],
    interfaces: ['string'],
  },
  'metallb.io/v1beta1 BGPAdvertisement': {
    ipAddressPools: ['string'],
    ipAddressPoolSelectors: [selector],
    nodeSelectors: [selector],
    peers: ['string'],
    communities: ['string'],
    localPref: 'integer',
    aggregationLength: 'integer',
    aggregationLengthV6: 'integer',
  },
  'metallb.io/v1beta2 BGPPeer': {
    'myASN!': 'integer',
    peerASN: 'integer',
    dynamicASN: 'string',
    peerAddress: 'string',
    peerPort: 'integer',
    sourceAddress: 'string',
    holdTime: 'string',
    keepaliveTime: 'string',
    routerID: 'string',
    nodeSelectors: [selector],
    passwordSecret: { name: 'string', namespace: 'string' },
    bfdProfile: 'string',
    ebgpMultiHop: 'boolean',
    dualStackAddressFamily: 'boolean',
  },
  'purelb.io/v2 ServiceGroup': {
    local: { skipIPv6DAD: 'boolean', multiPool: 'boolean', balancePools: 'boolean', ...purelbPools },
    remote: { multiPool: 'boolean', balancePools: 'boolean', ...purelbPools },
    namespaces: ['string'],
    enforceNamespaces: 'boolean',
    namespaceDefault: 'boolean',
  },
  'cilium.io/v2 CiliumLoadBalancerIPPool': {
    blocks: [{ cidr: 'string', start: 'string', stop: 'string' }],
    serviceSelector: selector,
    allowFirstLastIPs: 'string',
    disabled: 'boolean',
  },
  'cilium.io/v2alpha1 CiliumL2AnnouncementPolicy': {
    serviceSelector: selector,
    nodeSelector: selector,
    interfaces: ['string'],
    externalIPs: 'boolean',
    loadBalancerIPs: 'boolean',
  },
}

/** Undefined when the kind is not one of these. */
export function customSpecOf(apiVersion: string, kind: string): Schema | undefined {
  return specs[`${apiVersion} ${kind}`]
}

/** Every mistake as `path: what is wrong`. */
export function checkSchema(value: unknown, schema: Schema, path: string): readonly string[] {
  if (typeof schema === 'string')
    return isOf(value, schema) ? [] : [`${path}: ${JSON.stringify(value)} is not of type ${schema}`]
  if (isListOf(schema)) {
    if (!Array.isArray(value)) return [`${path}: not a list`]
    return value.flatMap((item, index) => checkSchema(item, schema[0], `${path}[${index}]`))
  }
  if (!isFields(value)) return [`${path}: not an object`]
  const missing = Object.keys(schema).filter((name) => name.endsWith('!') && value[name.slice(0, -1)] === undefined)
  return [
    ...missing.map((name) => `${path}.${name.slice(0, -1)}: required`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const field = schema[name] ?? schema[`${name}!`]
      return field === undefined ? [`${path}.${name}: no such field`] : checkSchema(inner, field, `${path}.${name}`)
    }),
  ]
}

function isListOf(schema: Schema): schema is readonly [Schema] {
  return Array.isArray(schema)
}

function isOf(value: unknown, type: 'string' | 'integer' | 'boolean' | 'labels'): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type
    case 'integer':
      return Number.isInteger(value)
    case 'labels':
      return isFields(value) && Object.values(value).every((label) => typeof label === 'string')
    default:
      return type satisfies never
  }
}
