import type { Server } from 'node:net'

type HowToListen = {
  readonly backlog?: number
  /** Other processes may listen at the same place, and the kernel shares new connections out among all. */
  readonly reusePort?: boolean
}

/** Opens all servers, one for each address, on one port: with 0, the one that the system gives to the first. */
export async function listenAll(
  servers: ReadonlyMap<string, Server>,
  port: number,
  how: HowToListen = {},
): Promise<number> {
  let bound = port
  for (const [host, server] of servers)
    bound = await listen(server, {
      host,
      port: bound,
      ipv6Only: host === '::' && servers.size > 1,
      ...how,
    })
  return bound
}

type Place = HowToListen & {
  readonly host: string
  readonly port: number
  /** `::` takes IPv4 as well, unless another address is asked for beside it. */
  readonly ipv6Only: boolean
}

async function listen(server: Server, place: Place): Promise<number> {
  try {
    return await listenOn(server, place)
  } catch (error) {
    // A machine without IPv6: :: means every address, and there are others.
    if (place.host === '::' && isCode(error, 'EAFNOSUPPORT', 'EADDRNOTAVAIL'))
      return listenOn(server, { ...place, host: '0.0.0.0' })
    throw error
  }
}

function listenOn(server: Server, place: Place): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      // Out of file descriptors, say: the connection is lost, the listener is not.
      server.on('error', () => {})
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : place.port)
    })
  })
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => code === error.code)
}
