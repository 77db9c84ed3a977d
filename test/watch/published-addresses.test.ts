import { describe, expect, it } from 'vitest'
import { findServiceAddresses, toPublishedAddresses } from '../../src/watch/published-addresses.ts'

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
    ['the load balancer first', { type: 'LoadBalancer', externalIPs: ['5.6.7.8'] }, balancer, ['1.2.3.4', 'lb']],
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
