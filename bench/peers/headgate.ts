import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../../package.json' with { type: 'json' }
import { hostNames, type Peer, type Site } from './peer.ts'
import { valuesOf } from './site-values.ts'
import { fill, fillTemplate, readTemplate } from './template.ts'

/** The lanes and clients that can be switched off, each a peer of its own when `--only` asks for it. */
export function headgatePeers(isBuilt: boolean): readonly Peer[] {
  return [
    headgate('headgate', [], isBuilt),
    headgate('headgate-standard', ['--fast-lane=off'], isBuilt),
    headgate('headgate-undici', ['--fast-lane=off', '--lean-upstream=off'], isBuilt),
  ]
}

/** Where a Headgate of this folder reads its objects. */
export function manifestFolder(folder: string): string {
  return join(folder, 'manifests')
}

function headgate(name: string, flags: readonly string[], isBuilt: boolean): Peer {
  const main = fileURLToPath(new URL(isBuilt ? '../../dist/main.js' : '../../src/main.ts', import.meta.url))
  return {
    name,
    program: undefined,
    abilities: new Set([
      ...(['upstream', 'tls', 'h2', 'websocket', 'access-log', 'hosts', 'workers', 'gateway', 'live-table'] as const),
    ]),
    onlyWhenNamed: flags.length > 0,
    version: () => `${manifest.version} on Node ${process.versions.node}${isBuilt ? '' : ', from source'}`,
    async prepare(site) {
      const manifests = manifestFolder(site.folder)
      await mkdir(manifests, { recursive: true })
      await writeFile(join(manifests, 'bench.yaml'), await objectsFor(site))
      return [process.execPath, main, 'serve', '--manifests', manifests, ...flagsFor(site), ...flags]
    },
  }
}

function flagsFor({ port, tlsPort, setup }: Site): readonly string[] {
  return [
    `--http-port=${port}`,
    `--https-port=${tlsPort}`,
    '--admin-port=off',
    '--bind=127.0.0.1',
    `--workers=${setup.workers}`,
    '--default-ssl-certificate=default/bench-tls',
    '--lame-duck-seconds=0',
    '--drain-seconds=1',
    '--log-level=warn',
    ...(setup.accessLog ? ['--access-log=json'] : []),
  ]
}

async function objectsFor(site: Site): Promise<string> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const { cert, key } = site.certificate
  const objects = await fillTemplate('headgate.yaml', { ...valuesOf(site), cert: base64(cert), key: base64(key) })
  const host = await readTemplate('headgate-host.yaml')
  const hosts = hostNames(site.setup.hosts).map((name, i) =>
    fill(host, 'headgate-host.yaml', { name: `host-${i}`, host: name }),
  )
  return objects + hosts.join('')
}
