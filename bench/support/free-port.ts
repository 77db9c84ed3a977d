import { once } from 'node:events'
import { createServer } from 'node:net'

// Two runs at a time must not take each other's: a port is free until its proxy has started.
let next = 15_000 + ((process.pid * 100) % 15_000)

/** A port below those that the kernel gives to clients, so that no load generator takes it before the proxy does. */
export async function freePort(): Promise<number> {
  while (next < 32_000) {
    const port = next++
    if (await isFree(port)) return port
  }
  throw new Error('no free port below 32000')
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
