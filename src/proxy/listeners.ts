import type { Server as HttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { listenAll } from '../listen-all.ts'
import type { Settings } from '../router/table.ts'
import { type SniContexts, tlsServerOptions } from '../tls/sni.ts'
import { answeringOn } from './answering-on.ts'
import { FastLane } from './fast-lane/fast-lane.ts'
import { applySettings, createHttp1Server } from './http1-lane.ts'
import { Http2Lane } from './http2-lane/http2-lane.ts'
import { readPreface } from './http2-lane/read-preface.ts'
import type { ProxyState } from './proxy-state.ts'
import { StallWatch, stallTimeoutMs } from './stall.ts'

export type ListenOptions = {
  /** IP addresses; each gets both ports. */
  readonly bind: readonly string[]
  /** undefined: none; 0: the system picks one. */
  readonly httpPort: number | undefined
  readonly httpsPort: number | undefined
  /** Other workers listen at the same places. */
  readonly reusePort?: boolean
}

export type BoundPorts = { readonly http: number | undefined; readonly https: number | undefined }

type OpenOptions = {
  readonly bind: readonly string[]
  readonly port: number
  readonly reusePort: boolean
  readonly create: () => Server
}

/** Connections that the kernel holds for us while we are busy. */
const backlog = 4_096

/** The sockets that clients connect to, and the lanes that their connections go into. */
export class Listeners {
  readonly #http1: HttpServer
  readonly #http2: Http2Lane
  readonly #fast: FastLane | undefined
  readonly #stalls: StallWatch
  readonly #contexts: SniContexts
  readonly #proxy: ProxyState
  readonly #servers: Server[] = []
  /** TCP connections, the TLS ones among them from before their handshake. */
  readonly #sockets = new Set<Socket>()
  readonly #http1Sockets = new Set<Socket>()
  #onEmpty: (() => void) | undefined

  constructor(proxy: ProxyState, contexts: SniContexts) {
    this.#contexts = contexts
    this.#proxy = proxy
    this.#http1 = createHttp1Server(proxy)
    this.#http2 = new Http2Lane(proxy)
    this.#fast = proxy.options.fastLane
      ? new FastLane(proxy, (socket) => this.#http1.emit('connection', socket))
      : undefined
    this.#stalls = new StallWatch({
      timeoutMs: () => stallTimeoutMs(proxy.table.settings),
      sockets: this.#http1Sockets,
      isBusy: (socket) => this.#fast?.isBusy(socket) === true || answeringOn(socket) !== undefined,
    })
    // Connections are handed to it, it listens nowhere itself; but its clock for slow requests starts with this event.
    this.#http1.emit('listening')
  }

  /** @throws the error of `listen`, with its `code` and `port`, when a port cannot be had. */
  async listen({ bind, httpPort, httpsPort, reusePort = false }: ListenOptions): Promise<BoundPorts> {
    const open = (port: number, create: () => Server): Promise<number> => this.#open({ bind, port, reusePort, create })
    const http = httpPort === undefined ? undefined : await open(httpPort, () => this.#plainServer())
    const https = httpsPort === undefined ? undefined : await open(httpsPort, () => this.#tlsServer())
    return { http, https }
  }

  #open({ bind, port, reusePort, create }: OpenOptions): Promise<number> {
    const servers = new Map(bind.map((host) => [host, create()]))
    this.#servers.push(...servers.values())
    return listenAll(servers, port, { backlog, reusePort })
  }

  applySettings(settings: Settings): void {
    applySettings(this.#http1, settings)
  }

  stopAccepting(): void {
    for (const server of this.#servers) server.close()
  }

  /** Tells HTTP/2 clients that the end is near; those in HTTP/1.1 hear it with their next answer. */
  announceEnd(): void {
    this.#http2.announceEnd()
  }

  /** Closes what is idle now; what is not closes when its exchange is done. */
  closeIdle(): void {
    this.#fast?.closeIdle()
    this.#http1.closeIdleConnections()
    this.#http2.drain()
  }

  /** Resolves when no connection is left. */
  empty(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onEmpty = resolve
    })
  }

  destroy(): void {
    this.stopAccepting()
    this.#http2.destroy()
    for (const socket of this.#sockets) socket.destroy()
    this.#http1.close()
    this.#fast?.stop()
    this.#stalls.stop()
  }

  #plainServer(): Server {
    // Half-open, as node:http's own servers, which decide themselves what the end of a client's side means.
    return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      if (this.#proxy.options.h2c) return this.#enterByPreface(socket)
      this.#enterHttp1(socket, 'http')
      // One listener for all that is to be done then: they are a good part of what a short connection costs.
      socket.on('close', () => {
        this.#leaveHttp1(socket)
        this.#forget(socket)
      })
    })
  }

  #tlsServer(): Server {
    // Half-open only after the handshake: a client that leaves during it (health checks of load balancers do) would be kept
    // until the handshake times out.
    const server = createTlsServer({
      ...tlsServerOptions(this.#contexts, { http2: this.#proxy.options.http2 }),
      allowHalfOpen: false,
      noDelay: true,
    })
    this.#contexts.serve(server)
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#forget(socket))
    })
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    server.on('secureConnection', (socket) => {
      socket.allowHalfOpen = true
      if (socket.alpnProtocol === 'h2') {
        this.#enterHttp2(socket, 'https')
      } else {
        this.#enterHttp1(socket, 'https')
        socket.on('close', () => this.#leaveHttp1(socket))
      }
    })
    return server
  }

  #enterByPreface(socket: Socket): void {
    socket.on('close', () => this.#forget(socket))
    readPreface(socket, (isHttp2) => {
      if (isHttp2) return this.#enterHttp2(socket, 'http')
      this.#enterHttp1(socket, 'http')
      socket.on('close', () => this.#leaveHttp1(socket))
    })
  }

  #enterHttp1(socket: Socket, scheme: 'http' | 'https'): void {
    this.#proxy.counters.connections++
    this.#http1Sockets.add(socket)
    if (this.#fast === undefined) this.#http1.emit('connection', socket)
    else this.#fast.accept(socket, scheme)
  }

  #leaveHttp1(socket: Socket): void {
    this.#proxy.counters.connections--
    this.#http1Sockets.delete(socket)
  }

  #enterHttp2(socket: Socket, scheme: 'http' | 'https'): void {
    this.#proxy.counters.connections++
    socket.on('close', () => {
      this.#proxy.counters.connections--
    })
    this.#http2.accept(socket, scheme)
  }

  #forget(socket: Socket): void {
    this.#sockets.delete(socket)
    if (this.#sockets.size === 0) this.#onEmpty?.()
  }
}
