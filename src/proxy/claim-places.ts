import { createServer } from 'node:net'
import { listenAll } from '../listen-all.ts'
import type { ListenOptions } from './listeners.ts'

/**
 * Where all workers, and those that replace them, are to listen: with ports that the system picks made definite. Each worker takes
 * its connections from the kernel itself (SO_REUSEPORT): handed on by the primary, as node:cluster does it, a new connection costs
 * three times as much, and waits whenever the primary is busy with a table.
 *
 * @throws the error of `listen`, with its `code` and `port`, when a port cannot be had. The workers would not notice another
 * Headgate there, and share its connections.
 */
export async function claimPlaces(listen: ListenOptions): Promise<ListenOptions> {
  const { bind, httpPort, httpsPort } = listen
  return {
    ...listen,
    httpPort: httpPort === undefined ? undefined : await openAndClose(bind, httpPort, false),
    httpsPort: httpsPort === undefined ? undefined : await openAndClose(bind, httpsPort, false),
    reusePort: await canReusePort(),
  }
}

/** Not on every system: there the primary hands connections on. */
async function canReusePort(): Promise<boolean> {
  try {
    await openAndClose(['127.0.0.1'], 0, true)
    return true
  } catch {
    return false
  }
}

async function openAndClose(bind: readonly string[], port: number, reusePort: boolean): Promise<number> {
  const servers = new Map(bind.map((host) => [host, createServer()]))
  try {
    return await listenAll(servers, port, { reusePort })
  } finally {
    await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))))
  }
}
