import { describe, expect, it } from 'vitest'
import { endpointsOf, findServicePort } from '../../src/router/endpoints.ts'
import type { EndpointSlice, Service, ServicePort, SliceEndpoint } from '../../src/watch/objects.ts'

const http: ServicePort = { name: 'http', port: 80, targetPort: 8080 }

function service(spec: Service['spec'] = {}): Service {
  return { kind: 'Service', metadata: { name: 's', namespace: 'default' }, spec: { ports: [http], ...spec } }
}

function slice(endpoints: readonly SliceEndpoint[], rest: Partial<EndpointSlice> = {}): EndpointSlice {
  const ports = [{ name: 'http', port: 8080 }]
  return { kind: 'EndpointSlice', metadata: { name: 'x' }, addressType: 'IPv4', endpoints, ports, ...rest }
}

function ids(slices: readonly EndpointSlice[], spec?: Service['spec'], port = http): readonly string[] {
  return endpointsOf(service(spec), port, slices).map(({ id }) => id)
}

const [one, two] = [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2', '10.9.9.9'] }]

describe('endpoints', () => {
  it('are those of all slices, each once, in an order that does not depend on that of the slices', () => {
    const slices = [slice([two, one]), slice([{ ...one, zone: 'z' }, two])]
    expect(ids(slices)).toEqual(['10.0.0.1:8080', '10.0.0.2:8080'])
    expect(endpointsOf(service(), http, slices)).toEqual(endpointsOf(service(), http, slices.toReversed()))
  })

  it('are of both address families; names are no addresses', () => {
    const v6 = slice([{ addresses: ['2001:DB8::1'] }], { addressType: 'IPv6' })
    const names = slice([{ addresses: ['a.com'] }], { addressType: 'FQDN' })
    expect(ids([v6, names, slice([one])])).toEqual(['10.0.0.1:8080', '[2001:db8::1]:8080'])
  })

  const dead = { addresses: ['10.0.0.9'], conditions: { ready: false, serving: false } }
  const leaving = { addresses: ['10.0.0.8'], conditions: { ready: false, serving: true, terminating: true } }

  it('are the ready ones; without any, those that serve while they terminate', () => {
    expect(ids([slice([dead, leaving, one])])).toEqual(['10.0.0.1:8080'])
    expect(ids([slice([dead, leaving])])).toEqual(['10.0.0.8:8080'])
    expect(ids([slice([dead])])).toEqual([])
  })

  it('are all where the Service publishes those that are not ready', () => {
    expect(ids([slice([dead, leaving, one])], { publishNotReadyAddresses: true })).toHaveLength(3)
  })

  it.each<[string, EndpointSlice['ports'], ServicePort, readonly string[]]>([
    [
      'the name',
      [
        { name: 'admin', port: 1 },
        { name: 'http', port: 2 },
      ],
      http,
      ['10.0.0.1:2'],
    ],
    ['no name on both sides', [{ port: 2 }], { port: 80 }, ['10.0.0.1:2']],
    ['a targetPort that is a number', [{ name: 'other', port: 2 }], http, ['10.0.0.1:8080']],
    ['a targetPort that is a name', [{ name: 'web', port: 2 }], { ...http, targetPort: 'web' }, ['10.0.0.1:2']],
    ['nothing, for UDP', [{ name: 'http', port: 2, protocol: 'UDP' }], http, []],
    ['nothing, without ports', null, http, []],
  ])('get their port by %s', (_what, ports, port, expected) => {
    expect(ids([slice([one], { ports: ports ?? null })], undefined, port)).toEqual(expected)
  })

  it('come of no garbage', () => {
    const garbage = JSON.parse(
      '{"kind":"EndpointSlice","metadata":{"name":"x"},"addressType":"IPv4","endpoints":[1,null,{"addresses":"x"}],"ports":[null,{"name":"http","port":8080}]}',
    )
    expect(ids([garbage])).toEqual([])
  })
})

describe('the port of a Service', () => {
  const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }, http, { name: 'admin', port: 8080, targetPort: 'web' }]

  it.each([
    [80, 80],
    ['http', 80],
    [8080, 8080],
    ['web', 8080],
    [undefined, 80],
    [53, undefined],
    ['none', undefined],
  ])('%s is %s', (wanted, port) => {
    expect(findServicePort(service({ ports }), wanted)?.port).toBe(port)
  })
})
