import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { answeringOn } from './answering-on.ts'
import { Http1Request } from './http1-request.ts'
import { Http1TunnelClient } from './http1-tunnel-client.ts'
import { openTunnel, refuseTunnel } from './open-tunnel.ts'
import type { ProxyState } from './proxy-state.ts'
import { refusalOfHead } from './request-rules.ts'
import { refusalOfHandshake } from './websocket-handshake.ts'

/** The life of an upgrade: checked in full before one byte goes upstream, then handed to a tunnel. */
export function handleUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, proxy: ProxyState): void {
  const startedAt = performance.now()
  const request = new Http1Request(incoming, proxy)
  socket.on('error', () => socket.destroy())
  // An earlier request of this connection is still being answered: its bytes and ours would mix.
  if (answeringOn(socket) !== undefined) return void socket.destroy()
  const refusal = refusalOfHead(request) ?? refusalOfHandshake(request)
  const client = new Http1TunnelClient(request, socket, head)
  if (refusal === undefined) openTunnel(client, proxy, startedAt)
  else refuseTunnel({ client, proxy, startedAt }, refusal)
}
