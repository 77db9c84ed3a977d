import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { formatPage, formatText } from './page.ts'
import { echoWebSocket } from './web-socket-echo.ts'

/** Stands for one pod of an app in the cluster. */
export type Pod = {
  /** The Service that it belongs to. */
  readonly service: string
  readonly port: number
}

export type DemoApps = {
  readonly pods: readonly Pod[]
  /** Ends their connections as well. */
  stop(): Promise<void>
}

const podNames = [
  { service: 'shop', pod: 'shop-1' },
  { service: 'shop', pod: 'shop-2' },
  { service: 'blog', pod: 'blog-1' },
  { service: 'echo', pod: 'echo-1' },
] as const

/** Starts them on free ports of the loopback address. */
export async function startDemoApps(): Promise<DemoApps> {
  const started = await Promise.all(podNames.map(({ service, pod }) => startPod(service, pod)))
  return {
    pods: started.map(({ service, port }) => ({ service, port })),
    async stop() {
      await Promise.all(started.map(({ stop }) => stop()))
    },
  }
}

async function startPod(service: string, pod: string): Promise<Pod & { stop(): Promise<void> }> {
  const server = createServer(service === 'echo' ? echo : (request, response) => show(pod, request, response))
  const tunnels = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    tunnels.add(socket)
    socket.once('close', () => tunnels.delete(socket))
    echoWebSocket(request, socket, head)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    service,
    port: portOf(server),
    async stop() {
      server.close()
      server.closeAllConnections()
      for (const socket of tunnels) socket.destroy()
      await once(server, 'close')
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a demo app does not listen')
  return address.port
}

function show(pod: string, request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  const answer = { pod, method: request.method ?? '', path: request.url ?? '', headers: request.headers }
  const isBrowser = request.headers.accept?.includes('text/html') === true
  response.setHeader('content-type', `text/${isBrowser ? 'html' : 'plain'}; charset=utf-8`)
  response.end(isBrowser ? formatPage(answer) : formatText(answer))
}

/** The request as JSON: what a proxy did to it is easiest to see there. */
async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    // The client went away in the middle of its body: nobody is left to answer.
    return
  }
  const { method, url: path, headers } = request
  const body = Buffer.concat(chunks).toString()
  response.setHeader('content-type', 'application/json')
  response.end(`${JSON.stringify({ app: 'echo', method, path, headers, body }, undefined, 2)}\n`)
}
