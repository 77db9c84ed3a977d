import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { versionOf } from '../support/version-of.ts'
import type { Peer } from './peer.ts'
import { valuesOf } from './site-values.ts'
import { fillTemplate } from './template.ts'

export const caddy: Peer = {
  name: 'caddy',
  program: 'caddy',
  abilities: new Set(['upstream', 'tls', 'h2', 'websocket', 'access-log', 'gateway']),
  onlyWhenNamed: false,
  version: () => versionOf(['caddy', 'version'], /v?(\d\S+)/),
  async prepare(site) {
    const file = join(site.folder, 'Caddyfile')
    await writeFile(file, await fillTemplate('Caddyfile', valuesOf(site)))
    return ['caddy', 'run', '--config', file, '--adapter', 'caddyfile']
  },
}
