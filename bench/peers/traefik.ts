import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { versionOf } from '../support/version-of.ts'
import type { Peer } from './peer.ts'
import { valuesOf } from './site-values.ts'
import { fillTemplate } from './template.ts'

export const traefik: Peer = {
  name: 'traefik',
  program: 'traefik',
  abilities: new Set(['upstream', 'tls', 'h2', 'websocket', 'access-log', 'gateway']),
  onlyWhenNamed: false,
  version: () => versionOf(['traefik', 'version'], /Version:\s+(\S+)/),
  async prepare(site) {
    const file = join(site.folder, 'traefik.yaml')
    const values = valuesOf(site)
    await writeFile(file, await fillTemplate('traefik.yaml', values))
    await writeFile(join(site.folder, 'routes.yaml'), await fillTemplate('traefik-routes.yaml', values))
    return ['traefik', `--configFile=${file}`]
  },
}
