import type { Server } from 'node:http'

/** Opens all servers, one for each address, on one port: with 0, the one that the system gives to the first. */
export async function listenAll(servers: ReadonlyMap<string, Server>, port: number): Promise<number> {
  let bound = port
  for (const [host, server] of servers) bound = await listen(server, host, bound)
  return bound
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    return await listenOn(server, host, port)
  } catch (error) {
    // A machine without IPv6: :: means every address, and there are others.
    if (host === '::' && isCode(error, 'EAFNOSUPPORT', 'EADDRNOTAVAIL')) return listenOn(server, '0.0.0.0', port)
    throw error
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      // Out of file descriptors, say: the connection is lost, the listener is not.
      server.on('error', () => {})
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code)
}
