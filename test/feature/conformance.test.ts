import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { service, toYaml } from '../support/objects.ts'
import { fieldOf, type Origin, ok, startOrigin } from '../support/origin.ts'
import { exchange } from '../support/raw-client.ts'

// The features of kubernetes-sigs/ingress-controller-conformance that are about requests, not about the table: those have routing
// cases (test/fixtures/routing/conformance-*), and its class feature is in cluster.test.ts.

const ingress = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'default-backend', namespace: 'default' },
  spec: { defaultBackend: { service: { name: 'echo-service', port: { number: 80 } } } },
}

describe('an Ingress with nothing but a default backend', () => {
  let headgate: Headgate
  const origins: Origin[] = []

  beforeAll(async () => {
    for (let i = 0; i < 10; i++) origins.push(await startOrigin(({ line }) => ok(`pod-${i} ${line}`)))
    const yaml = toYaml(
      ingress,
      service(
        'echo-service',
        origins.map(({ port }) => port),
      ),
    )
    headgate = await startHeadgate({ manifests: { 'app.yaml': yaml } })
  })

  afterAll(async () => {
    await headgate.stop()
    for (const origin of origins) await origin.close()
  })

  it.each([
    ['GET', 'my-host', '/'],
    ['GET', 'my-host', '/sub-path'],
    ['POST', 'some-host', '/'],
    ['PUT', '', '/resource'],
    ['DELETE', 'some-host', '/resource'],
    ['PATCH', 'my-host', '/resource'],
  ])('takes %s for host "%s", path %s', async (method, host, path) => {
    // "No host" of the suite is a client that calls by address.
    const name = host === '' ? `127.0.0.1:${headgate.http}` : host
    const response = await exchange(
      headgate.http,
      `${method} ${path} HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: Go-http-client/1.1\r\n\r\n`,
    )
    expect(response.status).toBe(200)
    expect(response.body).toMatch(new RegExp(`^pod-\\d ${method} ${path} HTTP/1.1$`))
    const names = response.fields.map(([field]) => field)
    for (const field of ['Content-Length', 'Content-Type', 'Date', 'Server']) expect(names).toContain(field)
    const seen = origins.flatMap((origin) => origin.seen).find(({ line }) => line === `${method} ${path} HTTP/1.1`)
    expect(seen && fieldOf(seen, 'User-Agent')).toBe('Go-http-client/1.1')
    expect(seen && fieldOf(seen, 'Host')).toBe(name)
  })

  it('spreads 100 requests over all of its 10 pods', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => exchange(headgate.http, 'GET / HTTP/1.1\r\nHost: my-host\r\n\r\n')),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200))
    expect(new Set(answers.map(({ body }) => body.split(' ')[0])).size).toBe(10)
  })
})
