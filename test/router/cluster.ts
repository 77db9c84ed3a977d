import fc from 'fast-check'
import type { ObjectChange } from '../../src/watch/cluster-state.ts'
import { type ClusterObject, type EndpointSlice, type Ingress, keyOf, type Service } from '../../src/watch/objects.ts'

// Small worlds in which everything collides with everything.

const name = fc.constantFrom('a', 'b', 'c')
const host = fc.constantFrom(undefined, 'a.com', 'b.com', '*.com', '*.b.com', 'Bad')
const paths = fc.array(
  fc.record({
    path: fc.constantFrom('/', '/a', '/a/', '/a/b', '/ab', '/a%2fb', 'bad'),
    pathType: fc.constantFrom('Exact', 'Prefix', 'ImplementationSpecific', 'Bad'),
    backend: fc.record({
      service: fc.record({ name, port: fc.constantFrom({ number: 80 }, { name: 'http' }, { number: 81 }) }),
    }),
  }),
  { maxLength: 4 },
)

const spec = fc.record(
  {
    ingressClassName: fc.constantFrom('ours', 'theirs'),
    defaultBackend: fc.record({ service: fc.record({ name, port: fc.constant({ number: 80 }) }) }),
    rules: fc.array(
      host.chain((text) => paths.map((list) => ({ ...(text !== undefined && { host: text }), http: { paths: list } }))),
      { maxLength: 3 },
    ),
    tls: fc.array(fc.record({ hosts: fc.subarray(['a.com', 'b.com', 'x.com']), secretName: name }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
)

const ingress: fc.Arbitrary<Ingress> = fc.record({
  kind: fc.constant('Ingress' as const),
  metadata: fc.record({
    name,
    namespace: fc.constantFrom('default', 'other'),
    creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
  }),
  spec,
})

const service: fc.Arbitrary<Service> = fc.record({
  kind: fc.constant('Service' as const),
  metadata: fc.record({ name, namespace: fc.constant('default') }),
  spec: fc.constantFrom(
    { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    { ports: [{ port: 81 }], publishNotReadyAddresses: true },
    { type: 'ExternalName', externalName: 'x.com' },
  ),
})

const slice: fc.Arbitrary<EndpointSlice> = fc.record({
  kind: fc.constant('EndpointSlice' as const),
  metadata: name.chain((owner) =>
    fc.record({
      name: fc.constantFrom('s1', 's2'),
      namespace: fc.constant('default'),
      labels: fc.constant({ 'kubernetes.io/service-name': owner }),
    }),
  ),
  addressType: fc.constant('IPv4'),
  endpoints: fc.array(
    fc.record({
      addresses: fc.constantFrom(['10.0.0.1'], ['10.0.0.2']),
      conditions: fc.constantFrom({}, { ready: false }, { ready: false, serving: true, terminating: true }),
      zone: fc.constantFrom('z1', 'z2'),
    }),
    { maxLength: 3 },
  ),
  ports: fc.constantFrom([{ name: 'http', port: 8080 }], [{ port: 9090 }], null),
})

const ingressClass: fc.Arbitrary<ClusterObject> = fc.record({
  kind: fc.constant('IngressClass' as const),
  metadata: fc.record({ name: fc.constantFrom('ours', 'theirs') }),
  spec: fc.constantFrom({ controller: 'headgate.dev/ingress' }, { controller: 'other' }),
})

const namespace: fc.Arbitrary<ClusterObject> = fc.record({
  kind: fc.constant('Namespace' as const),
  metadata: fc.record({
    name: fc.constantFrom('default', 'other'),
    labels: fc.constantFrom({ team: 'shop' }, { team: 'blog' }),
  }),
})

const configMap: fc.Arbitrary<ClusterObject> = fc.record({
  kind: fc.constant('ConfigMap' as const),
  metadata: fc.constant({ name: 'settings', namespace: 'default' }),
  data: fc.constantFrom({ 'proxy-read-timeout': '5' }, { 'proxy-body-size': '1m', unknown: 'x' }),
})

const secret: fc.Arbitrary<ClusterObject> = fc.record({
  kind: fc.constant('Secret' as const),
  metadata: fc.record({ name, namespace: fc.constant('default') }),
  data: fc.constant({}),
})

const object: fc.Arbitrary<ClusterObject> = fc.oneof(
  ingress,
  ingress,
  ingress,
  service,
  slice,
  ingressClass,
  namespace,
  configMap,
  secret,
)

export const change: fc.Arbitrary<ObjectChange> = fc
  .tuple(object, fc.integer({ min: 0, max: 3 }))
  .map(([each, luck]) => ({ kind: each.kind, key: keyOf(each), object: luck === 0 ? undefined : each }))
