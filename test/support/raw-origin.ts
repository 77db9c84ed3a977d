import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export type RawOrigin = {
  readonly port: number
  readonly connections: number
  readonly openSockets: ReadonlySet<Socket>
  close(): Promise<void>
}

/** An endpoint that does with each connection what it is told, without waiting for a whole request. */
export async function startRawOrigin(onConnection: (socket: Socket) => void): Promise<RawOrigin> {
  const openSockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections++
    openSockets.add(socket)
    socket.on('close', () => openSockets.delete(socket))
    socket.on('error', () => socket.destroy())
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    get connections() {
      return connections
    },
    openSockets,
    async close() {
      for (const socket of openSockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
