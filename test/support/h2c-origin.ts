import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { service } from './objects.ts'

export type H2cOrigin = {
  readonly port: number
  /** Connections that are open. */
  readonly sessions: ReadonlySet<ServerHttp2Session>
  /** All that ever came. */
  readonly connections: number
  /** Heads of requests, in order. */
  readonly seen: readonly IncomingHttpHeaders[]
  close(): Promise<void>
}

/** An endpoint that speaks HTTP/2 without TLS, and nothing else. */
export async function startH2cOrigin(
  onStream: (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => void,
  { port = 0, ...options }: ServerOptions & { readonly port?: number } = {},
): Promise<H2cOrigin> {
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  const seen: IncomingHttpHeaders[] = []
  let connections = 0
  const server = createServer(options)
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  server.on('stream', (stream: ServerHttp2Stream, head) => {
    seen.push(head)
    stream.on('error', () => {})
    onStream(stream, head)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    sessions,
    get connections() {
      return connections
    },
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const session of sessions) session.destroy()
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** A Service `name` whose port 80 says how its endpoints on loopback want to be spoken to. */
export function serviceThatSpeaks(appProtocol: string, name: string, ports: readonly number[]): object[] {
  const [head, ...slices] = service(name, ports)
  return [{ ...head, spec: { ports: [{ name: 'http', port: 80, appProtocol }] } }, ...slices]
}
