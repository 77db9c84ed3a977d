import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { versionOf } from '../support/version-of.ts'
import type { Peer } from './peer.ts'
import { valuesOf } from './site-values.ts'
import { fillTemplate } from './template.ts'

export const haproxy: Peer = {
  name: 'haproxy',
  program: 'haproxy',
  abilities: new Set(['upstream', 'tls', 'h2', 'websocket', 'access-log', 'workers', 'gateway']),
  onlyWhenNamed: false,
  version: () => versionOf(['haproxy', '-v'], /version (\S+)/),
  async prepare(site) {
    const file = join(site.folder, 'haproxy.cfg')
    await writeFile(file, await fillTemplate('haproxy.cfg', valuesOf(site)))
    return ['haproxy', '-f', file]
  },
}
