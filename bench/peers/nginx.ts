import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { versionOf } from '../support/version-of.ts'
import { hostNames, type Peer } from './peer.ts'
import { valuesOf } from './site-values.ts'
import { fill, fillTemplate, readTemplate } from './template.ts'

export const nginx: Peer = {
  name: 'nginx',
  program: 'nginx',
  abilities: new Set(['upstream', 'tls', 'h2', 'websocket', 'access-log', 'hosts', 'workers', 'gateway']),
  onlyWhenNamed: false,
  version: () => versionOf(['nginx', '-v'], /nginx\/(\S+)/),
  async prepare(site) {
    const { folder, setup, port } = site
    const host = await readTemplate('nginx-host.conf')
    const hosts = hostNames(setup.hosts).map((name) => fill(host, 'nginx-host.conf', { folder, port, host: name }))
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'hosts.conf'), hosts.join(''))
    await writeFile(join(folder, 'locations.conf'), await readTemplate('nginx-locations.conf'))
    await writeFile(join(folder, 'nginx.conf'), await fillTemplate('nginx.conf', valuesOf(site)))
    return ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')]
  },
}
