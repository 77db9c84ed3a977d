import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { Cluster } from '../support/cluster.ts'
import type { Headgate } from '../support/headgate.ts'
import { underLoad } from '../support/load.ts'
import { ingress, service } from '../support/objects.ts'
import { exchange } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const host = 'steady.example.com'
const authority = makeAuthority('the cluster')
const ours = certificateOf(authority)
const stranger = certificateOf(makeAuthority('somebody else'))

let cluster: Cluster
let headgate: Headgate

const get = (name: string) => exchange(headgate.http, `GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`)
const untilConnected = (value: '0' | '1') =>
  waitFor(async () =>
    new RegExp(`^headgate_control_plane_connected ${value}$`, 'm').test(await headgate.page('/metrics')),
  )

beforeAll(async () => {
  cluster = await Cluster.start({
    tls: ours,
    access: {
      'certificate-authority-data': Buffer.from(authority.certPem).toString('base64'),
      'tls-server-name': 'api.test',
    },
  })
  cluster.put(
    service('app', [(await cluster.origin('app')).port]),
    ingress({ name: 'steady', className: 'headgate', host }),
  )
  headgate = await cluster.headgate()
})

afterAll(() => cluster.stop())

describe('an API server that', () => {
  const faults: readonly [string, () => void | Promise<void>, () => unknown][] = [
    ['refuses connections', () => cluster.api.refuse(), () => cluster.api.listen()],
    [
      'takes requests and never answers',
      () => {
        cluster.api.hanging = true
        cluster.api.resetConnections()
      },
      () => {
        cluster.api.hanging = false
        cluster.api.resetConnections()
      },
    ],
    ...[500, 503, 401, 403, 429].map((status): [string, () => void, () => void] => [
      `answers ${status} to everything`,
      () => {
        for (const plural of ['ingresses', 'ingressclasses', 'services', 'endpointslices', 'secrets']) {
          cluster.api.failing.set(plural, { status })
        }
        cluster.api.resetConnections()
      },
      () => cluster.api.failing.clear(),
    ]),
    [
      'shows the certificate of another authority',
      () => {
        cluster.api.showCertificate(stranger)
        cluster.api.resetConnections()
      },
      () => cluster.api.showCertificate(ours),
    ],
  ]

  it.each(faults)(
    '%s costs no request and no route, and its changes are served when it is back',
    async (name, fault, heal) => {
      const fresh = `${name.replace(/\W/g, '-').toLowerCase()}.example.com`
      cluster.put(ingress({ name: 'going', className: 'headgate', host: 'going.example.com' }))
      await waitFor(async () => (await get('going.example.com')).body === 'app')
      const { requests, failures } = await underLoad(
        headgate.http,
        host,
        ({ status, body }) => status === 200 && body === 'app',
        async () => {
          await fault()
          await untilConnected('0')
          cluster.api.delete('Ingress', 'default', 'going')
          cluster.put(ingress({ name: 'fresh', className: 'headgate', host: fresh }))
          expect(await headgate.page('/readyz')).toBe('ready: serving\n')
          expect((await get('going.example.com')).body).toBe('app')
          await heal()
          await waitFor(async () => (await get(fresh)).body === 'app')
          await untilConnected('1')
          await waitFor(async () => (await get('going.example.com')).status === 404)
        },
      )
      expect(failures.slice(0, 3)).toEqual([])
      expect(requests).toBeGreaterThan(10)
    },
  )

  it('is away again and again is written about once a minute, not once a failure', () => {
    expect(headgate.output().match(/API server cannot be read/g)).toHaveLength(1)
  })
})

function certificateOf(issuer: ReturnType<typeof makeAuthority>): { readonly key: string; readonly cert: string } {
  const { certPem, keyPem } = makeCertificate(['api.test'], { authority: issuer })
  return { key: keyPem, cert: certPem }
}
