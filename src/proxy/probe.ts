import { connect } from 'node:net'
import type { Endpoint } from '../router/table.ts'

/** `unknown`: it failed on our side (no file descriptor or port left), which says nothing of the endpoint. */
export type ProbeResult = 'accepted' | 'refused' | 'unreachable' | 'silent' | 'unknown'

/** What a failed connect tells of the other side. undici, http-proxy-3 and Node have different codes for one thing. */
export function resultOfConnectError(code: string | undefined): ProbeResult {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
    case 'ENETUNREACH':
      return 'unreachable'
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ECONNECT_TIMEOUT':
      return 'silent'
    default:
      return 'unknown'
  }
}

/** Opens a TCP connection and closes it. Returns what ends it early; `done` is called once, and never after that. */
export function probe(endpoint: Endpoint, timeoutMs: number, done: (result: ProbeResult) => void): () => void {
  const socket = connect({ host: endpoint.address, port: endpoint.port })
  // A process that was held up finds its timers due before it hears of what has arrived.
  const timer = setTimeout(() => setImmediate(finish, 'silent'), timeoutMs).unref()
  let finished = false
  const cancel = (): void => {
    finished = true
    clearTimeout(timer)
    socket.destroy()
  }
  const finish = (result: ProbeResult): void => {
    if (finished) return
    cancel()
    done(result)
  }
  socket.unref()
  socket.once('connect', () => finish('accepted'))
  socket.on('error', (error: NodeJS.ErrnoException) => finish(resultOfConnectError(error.code)))
  return cancel
}
