import { fileURLToPath } from 'node:url'
import replyFrom from '@fastify/reply-from/package.json' with { type: 'json' }
import httpProxy3 from 'http-proxy-3/package.json' with { type: 'json' }
import type { NodeSite } from './node/site-argument.ts'
import type { Ability, Peer } from './peer.ts'

export const nodePeers: readonly Peer[] = [
  nodePeer('http-proxy-3', 'node/http-proxy-3.ts', httpProxy3.version, ['upstream', 'tls', 'websocket']),
  nodePeer('reply-from', 'node/reply-from.ts', replyFrom.version, ['upstream', 'tls']),
  nodePeer('bare node:http', 'node/bare-node.ts', process.versions.node, ['tls']),
]

function nodePeer(name: string, file: string, version: string, abilities: readonly Ability[]): Peer {
  return {
    name,
    program: undefined,
    abilities: new Set(abilities),
    onlyWhenNamed: false,
    version: () => version,
    async prepare({ port, tlsPort, backends, certificate: { certFile, keyFile } }) {
      const site: NodeSite = { port, tlsPort, certFile, keyFile, backends }
      return [process.execPath, fileURLToPath(new URL(file, import.meta.url)), JSON.stringify(site)]
    },
  }
}
