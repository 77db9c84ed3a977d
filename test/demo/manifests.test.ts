import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { startDemoApps } from '../../src/demo/apps.ts'
import { createDemoCertificate } from '../../src/demo/certificate.ts'
import { buildDemoManifests } from '../../src/demo/manifests.ts'
import type { ClusterObject, Ingress, IngressBackend } from '../../src/watch/objects.ts'

const examples = new URL('../../examples/', import.meta.url)

function readExamples(folder: string): readonly ClusterObject[] {
  const directory = new URL(`${folder}/`, examples)
  return readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) =>
      parseAllDocuments(readFileSync(new URL(name, directory), 'utf8')).map((document) => {
        expect(document.errors).toEqual([])
        return document.toJS()
      }),
    )
}

function backendsOf(ingress: Ingress): readonly IngressBackend[] {
  return (ingress.spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).flatMap(({ backend }) => backend ?? []))
}

describe.each(['demo', 'cluster'])('examples/%s', (folder) => {
  it('has a Service for every backend of its Ingresses', () => {
    const objects = readExamples(folder)
    const services = objects.filter((object) => object.kind === 'Service')
    const ingresses = objects.filter((object) => object.kind === 'Ingress')
    expect(ingresses.length).toBeGreaterThan(0)
    for (const { service } of ingresses.flatMap(backendsOf)) {
      const ports = services.find(({ metadata }) => metadata.name === service?.name)?.spec?.ports ?? []
      expect(ports.some(({ name, port }) => name === service?.port?.name || port === service?.port?.number)).toBe(true)
    }
  })

  it('is described file by file in the README', () => {
    const readme = readFileSync(new URL('README.md', examples), 'utf8')
    for (const name of readdirSync(new URL(`${folder}/`, examples))) expect(readme).toContain(`${folder}/${name}`)
  })
})

describe('what the demo adds to examples/demo', () => {
  it('is where the pods of every Service are, and the Secret that an Ingress names', async () => {
    const apps = await startDemoApps()
    await apps.stop()
    const { items } = JSON.parse(buildDemoManifests(apps.pods, createDemoCertificate(['secure.localhost'])))
    const slices = items.filter(({ kind }: ClusterObject) => kind === 'EndpointSlice')
    const described = slices.map(({ metadata, ports }: { metadata: { labels: object }; ports: unknown[] }) => ({
      service: Object.values(metadata.labels)[0],
      port: ports[0],
    }))
    expect(described).toEqual(
      apps.pods.map(({ service, port }) => ({ service, port: { name: 'http', port, protocol: 'TCP' } })),
    )
    const secret = items.find(({ kind }: ClusterObject) => kind === 'Secret')
    const wanted = readExamples('demo').flatMap((object) => (object.kind === 'Ingress' ? (object.spec?.tls ?? []) : []))
    expect(wanted.map(({ secretName }) => secretName)).toEqual([secret.metadata.name])
  })

  it('holds a certificate that a client with its authority trusts for the name', async () => {
    const { authorityPem, certPem, keyPem } = createDemoCertificate(['secure.localhost'])
    const server = createServer({ cert: certPem, key: keyPem }, (socket) => socket.end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    const client = connect({ port: address.port, host: '127.0.0.1', ca: authorityPem, servername: 'secure.localhost' })
    await once(client, 'secureConnect')
    expect(client.authorized).toBe(true)
    client.destroy()
    server.close()
  })
})
