import type { BuildInput, BuildOptions } from '../../../src/router/build-input.ts'
import type { Question } from '../../../src/router/table.ts'
import { type ClusterState, emptyClusterState } from '../../../src/watch/cluster-state.ts'
import type { EndpointSlice, Ingress, Service } from '../../../src/watch/objects.ts'

export const options: BuildOptions = {
  ingressClass: 'headgate',
  controllerClasses: ['headgate.dev/ingress'],
  watchIngressWithoutClass: true,
  ingressClassByName: false,
  watchNamespaces: [],
  watchNamespaceSelector: undefined,
  defaultBackendService: undefined,
  defaultCertificate: undefined,
  generatedCertificate: {
    id: 'g',
    certPem: '',
    keyPem: '',
    names: [],
    notBefore: 0,
    notAfter: 0,
    source: '(generated)',
  },
  disableCatchAll: false,
  disableExternalName: false,
  allowLocalAddresses: false,
  configMap: undefined,
}

/** Two hosts each, one of twenty of them a wildcard, three paths. */
export function ingress(n: number, path = '/api'): Ingress {
  const backend = { service: { name: `s${n}`, port: { number: 80 } } }
  const hosts = [`a${n}.example.com`, n % 10 === 0 ? `*.w${n}.example.com` : `b${n}.example.com`]
  return {
    kind: 'Ingress',
    metadata: { name: `i${n}`, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      rules: hosts.map((host) => ({
        host,
        http: {
          paths: ['/', path, '/static/assets'].map((text) => ({ path: text, pathType: 'Prefix', backend })),
        },
      })),
    },
  }
}

export function slice(n: number, address = 1): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata: { name: `s${n}`, namespace: 'default', labels: { 'kubernetes.io/service-name': `s${n}` } },
    addressType: 'IPv4',
    endpoints: [1, 2, 3].map((last) => ({ addresses: [`10.${address}.${n % 250}.${last}`] })),
    ports: [{ name: 'http', port: 8080 }],
  }
}

function service(n: number): Service {
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }]
  return { kind: 'Service', metadata: { name: `s${n}`, namespace: 'default' }, spec: { ports } }
}

export function world(size: number): ClusterState {
  const numbers = Array.from({ length: size }, (_, n) => n)
  return {
    ...emptyClusterState,
    ingresses: new Map(numbers.map((n) => [`default/i${n}`, ingress(n)])),
    services: new Map(numbers.map((n) => [`default/s${n}`, service(n)])),
    endpointSlices: new Map(numbers.map((n) => [`default/s${n}`, slice(n)])),
  }
}

export function inputOf(state: ClusterState): BuildInput {
  return { state, certificates, externalAddresses }
}

const certificates = new Map<string, never>()
const externalAddresses = new Map<string, never>()

export function question(host: string, path: string): Question {
  return { listener: 'http', host, path, method: 'GET', header: none, query: none, cookie: none }
}

function none(): undefined {
  return undefined
}
