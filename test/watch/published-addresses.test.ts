import { describe, expect, it } from 'vitest'
import type { EndpointSlice, SliceEndpoint } from '../../src/watch/objects.ts'
import { findNodesOf, findServiceAddresses, toPublishedAddresses } from '../../src/watch/published-addresses.ts'

describe('toPublishedAddresses', () => {
  it('tells addresses from host names, sorted and once each', () => {
    expect(toPublishedAddresses(['lb.example.com', ' 10.0.0.2', '2001:db8::1', '10.0.0.2', ''])).toEqual([
      { ip: '10.0.0.2' },
      { ip: '2001:db8::1' },
      { hostname: 'lb.example.com' },
    ])
  })
})

describe('findServiceAddresses', () => {
  const balancer = { loadBalancer: { ingress: [{ hostname: 'lb' }, { ip: '1.2.3.4' }] } }

  it.each([
    ['what the load balancer gave', { type: 'LoadBalancer', clusterIP: '10.0.0.1' }, balancer, ['1.2.3.4', 'lb']],
    [
      'external addresses beside it',
      { type: 'LoadBalancer', externalIPs: ['5.6.7.8', '1.2.3.4'] },
      balancer,
      ['1.2.3.4', '5.6.7.8', 'lb'],
    ],
    ['nothing a load balancer left behind', { type: 'NodePort', clusterIP: '10.0.0.1' }, balancer, ['10.0.0.1']],
    ['external addresses', { type: 'NodePort', externalIPs: ['5.6.7.8'], clusterIP: '10.0.0.1' }, {}, ['5.6.7.8']],
    ['no cluster address while the load balancer has none', { type: 'LoadBalancer', clusterIP: '10.0.0.1' }, {}, []],
    ['the cluster address of NodePort', { type: 'NodePort', clusterIP: '10.0.0.1' }, {}, ['10.0.0.1']],
    [
      'both cluster addresses',
      { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] },
      {},
      ['10.0.0.1', 'fd00::1'],
    ],
    ['nothing for a headless Service', { type: 'ClusterIP', clusterIP: 'None' }, {}, []],
    ['the name of ExternalName', { type: 'ExternalName', externalName: 'a.example' }, {}, ['a.example']],
  ])('takes %s', (_, spec, status, expected) => {
    const service = { kind: 'Service', metadata: { name: 's', namespace: 'n' }, spec, status } as const
    expect(findServiceAddresses(service).map(({ ip, hostname }) => ip ?? hostname)).toEqual(expected)
  })
})

describe('findNodesOf', () => {
  const slice = (namespace: string, service: string, endpoints: readonly SliceEndpoint[]): EndpointSlice => ({
    kind: 'EndpointSlice',
    metadata: { name: 's', namespace, labels: { 'kubernetes.io/service-name': service } },
    endpoints,
  })

  it('names each node with a ready endpoint of the Service once', () => {
    const slices = new Map([
      ['1', slice('n', 's', [{ nodeName: 'n1' }, { nodeName: 'n2', conditions: { ready: true } }])],
      ['2', slice('n', 's', [{ nodeName: 'n2' }, { nodeName: 'n3', conditions: { ready: false, serving: true } }, {}])],
      ['3', slice('n', 'other', [{ nodeName: 'n4' }])],
      ['4', slice('m', 's', [{ nodeName: 'n5' }])],
    ])
    expect([...findNodesOf('n/s', slices)]).toEqual(['n1', 'n2'])
  })
})
