import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Connections that wait in the kernel to be accepted. Enough for a moment in which the machine is busy with others. */
const backlog = 16
/** It has room for one more than it was told. */
const fillers = backlog + 3

/**
 * /: 200 at once. /hang: no answer. /stream: the beginning of an answer. /large: one of 16 MB. Upgrades are joined, and every byte comes back.
 */
const program = `
const { createServer } = require('node:http')
const { createHash } = require('node:crypto')
const name = process.argv[1]
const server = createServer((request, response) => {
  if (request.url === '/hang') return
  if (request.url === '/stream') return void response.write('begin')
  if (request.url === '/large') return void response.end(Buffer.alloc(16 << 20, 'x'))
  request.resume().on('end', () => response.end(name))
})
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
    'Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})
server.keepAliveTimeout = 60000
server.listen({ port: 0, host: '127.0.0.1', backlog: ${backlog} }, () => {
  console.log(server.address().port)
})
process.on('disconnect', () => process.exit())
`

export type MortalHost = {
  readonly port: number
  /** From now on nothing comes back from it: no byte, and no answer to a connect. */
  die(): Promise<void>
  /** It goes on where it was, like a host whose cable was plugged in again. */
  revive(): void
  close(): Promise<void>
}

/**
 * An endpoint whose host can die, without a network of its own and without root: its process is stopped, and its queue of
 * connections filled, after which Linux drops each further SYN.
 */
export async function startMortalHost(name: string): Promise<MortalHost> {
  const child = spawn(process.execPath, ['-e', program, name], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const bound = Number(String(await firstChunk(child)))
  let sockets: Socket[] = []
  return {
    port: bound,
    async die() {
      child.kill('SIGSTOP')
      sockets = Array.from({ length: fillers }, () => connect({ host: '127.0.0.1', port: bound }))
      for (const socket of sockets) socket.on('error', () => socket.destroy())
      while (await answers(bound)) await sleep(10)
    },
    revive() {
      for (const socket of sockets) socket.destroy()
      child.kill('SIGCONT')
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function firstChunk(child: ChildProcess): Promise<Buffer> {
  if (child.stdout === null) throw new Error('no output')
  const [chunk] = await once(child.stdout, 'data')
  return chunk
}

/** On loopback an answer takes no time. */
async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  const connected = await Promise.race([once(socket, 'connect').then(() => true), sleep(200, false)])
  socket.destroy()
  return connected
}
