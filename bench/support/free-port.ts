import { once } from 'node:events'
import { createServer } from 'node:net'

let next = 18_200

/** A port below those that the kernel gives to clients, so that no load generator takes it before the proxy does. */
export async function freePort(): Promise<number> {
  for (let port = next; port < 30_000; port++) {
    next = port + 1
    if (await isFree(port)) return port
  }
  throw new Error('no free port between 18200 and 30000')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const isOurs = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  if (!isOurs) return false
  server.close()
  await once(server, 'close')
  return true
}
