import type { EndpointSlice, Secret } from '../watch/objects.ts'
import type { Pod } from './apps.ts'
import type { DemoCertificate } from './certificate.ts'

/** The namespace of everything in examples/demo. */
const namespace = 'demo'

/** What a cluster would add to examples/demo: where the pods are, and the certificate. JSON, which is YAML as well. */
export function buildDemoManifests(pods: readonly Pod[], certificate: DemoCertificate): string {
  const items = [...pods.map(buildSlice), buildSecret(certificate)]
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2)}\n`
}

// One slice for each pod: all endpoints of a slice share their ports, and these pods share an address in place of it.
function buildSlice({ service, port }: Pod): EndpointSlice & { readonly apiVersion: string } {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-${port}`, namespace, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'http', port, protocol: 'TCP' }],
  }
}

function buildSecret({ certPem, keyPem }: DemoCertificate): Secret & { readonly apiVersion: string } {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'secure-tls', namespace },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(certPem), 'tls.key': base64(keyPem) },
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
