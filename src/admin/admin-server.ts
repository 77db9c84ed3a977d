import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { listenAll } from '../listen-all.ts'
import { createAdminRouter, type Pages, type Reply } from './pages.ts'

export type AdminServerOptions = {
  /** 0: the system picks one. */
  readonly port: number
  /** IP addresses. */
  readonly bind: readonly string[]
  readonly pages: Pages
  /** A page failed: its client got 500, nobody else noticed. */
  readonly onError?: (error: unknown, path: string) => void
}

export type AdminServer = {
  readonly port: number
  /** Answers under way get a second to end. */
  close(): Promise<void>
}

const limits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  // How often the two are looked at: half a minute by default.
  connectionsCheckingInterval: 1_000,
} as const

const closeTimeoutMs = 1_000

/** @throws the error of `listen`, with its `code`, when the port cannot be had. */
export async function startAdminServer({
  port,
  bind,
  pages,
  onError = () => {},
}: AdminServerOptions): Promise<AdminServer> {
  const find = createAdminRouter(pages)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/'
    try {
      send(request, response, await find(request.method ?? 'GET', path, request.headers.accept))
    } catch (error) {
      onError(error, path)
      send(request, response, { status: 500, body: 'this page failed; the log says why\n' })
    }
  }

  const servers = new Map(
    bind.map((host) => [host, createServer(limits, (request, response) => void answer(request, response))]),
  )
  try {
    const bound = await listenAll(servers, port)
    return { port: bound, close: () => closeAll(servers.values()) }
  } catch (error) {
    await closeAll(servers.values())
    throw error
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, contentType, headers }: Reply): void {
  // Nobody reads what comes after the head: the next request could not be told from it.
  if (hasBody(request)) response.shouldKeepAlive = false
  response.writeHead(status, {
    'Content-Type': contentType ?? 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  response.end(body)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

async function closeAll(servers: Iterable<Server>): Promise<void> {
  await Promise.all([...servers].map(closeOne))
}

function closeOne(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs)
    // Also for a server that never listened, whose error says so.
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
