import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Headgate } from '../support/headgate.ts'
import { LaneBed, plainLanes } from '../support/lanes.ts'
import { ingress, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, ok, type SeenRequest, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'

const slice = (family: string, address: string, port: number): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `app-${family.toLowerCase()}`,
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': 'app' },
  },
  addressType: family,
  endpoints: [{ addresses: [address] }],
  ports: [{ name: 'http', port, protocol: 'TCP' }],
})

let four: Origin
let six: Origin
const bed = new LaneBed(() => ({
  manifests: {
    'app.yaml': toYaml(
      ingress({ host: 'app.example.com' }),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'app', namespace: 'default' },
        spec: { ports: [{ name: 'http', port: 80 }] },
      },
      slice('IPv4', '127.0.0.1', four.port),
      slice('IPv6', '::1', six.port),
    ),
  },
  flags: ['--bind=::1'],
}))

beforeAll(async () => {
  four = await startOrigin(() => ok('four'))
  six = await startOrigin(() => ok('six'), { host: '::1' })
})

afterAll(async () => {
  await bed.close()
  await four.close()
  await six.close()
})

describe.each(plainLanes)('IPv4 and IPv6, by the $name,', (lane) => {
  let headgate: Headgate

  beforeAll(async () => {
    headgate = await bed.headgate(lane)
  })

  const get = async (address: string): Promise<string> => {
    const client = await RawClient.open(headgate.http, address)
    client.send('GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n')
    const { body } = await client.response()
    client.close()
    return body
  }

  it('are listened on at the same port where both are asked for', async () => {
    for (const address of ['127.0.0.1', '::1']) expect(['four', 'six']).toContain(await get(address))
  })

  it('are balanced over alike', async () => {
    const answers = [await get('::1'), await get('::1'), await get('::1'), await get('::1')]
    expect(answers.toSorted()).toEqual(['four', 'four', 'six', 'six'])
  })

  it('are told to the endpoint as the client’s address', async () => {
    const seen = (): SeenRequest[] => [...four.seen, ...six.seen]
    const before = seen().length
    await get('::1')
    expect(seen().length).toBe(before + 1)
    expect(new Set(seen().map((request) => fieldOf(request, 'X-Real-IP')))).toEqual(new Set(['127.0.0.1', '::1']))
  })
})
