import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createProxyServer } from 'http-proxy-3'
import type { Backend, BackendId, Endpoint, EndpointId, Route } from '../router/table.ts'
import type { UpstreamErrorReason } from './counters.ts'
import { describeFailure, statusFor, type UpstreamFailure } from './errors.ts'
import { finishRequest } from './finish-request.ts'
import { grouped } from './grouped-fields.ts'
import { upstreamFields, withoutNames } from './headers.ts'
import type { ProxyState } from './proxy-state.ts'
import { requestIdFor } from './request-id.ts'
import { noEarlier, type UpstreamOutcome } from './request-outcome.ts'
import { mayTryAgain } from './retry.ts'
import type { ConnectionUser, WatchedConnection } from './silence-watch.ts'
import { Tries } from './tries.ts'
import type { TunnelClient } from './tunnel-client.ts'
import { isValidSwitch } from './websocket-handshake.ts'

export type TunnelOptions = {
  readonly proxy: ProxyState
  readonly client: TunnelClient
  readonly route: Route
  readonly backend: Backend
  readonly path: string
  readonly startedAt: number
}

type UpgradeListener = (response: IncomingMessage, upstreamSocket: Duplex, upstreamHead: Buffer) => void

/**
 * One WebSocket connection: its handshake, on an upstream connection of its own, then bytes both ways. http-proxy-3 opens the
 * request and joins the sockets; what it would pass on unchecked (any 101, any answer, any header field), would leave
 * waiting (a handshake without end) or would leave open (the other side of a dead tunnel) is taken out of its hands.
 */
export class Tunnel implements ConnectionUser, UpstreamOutcome {
  readonly #options: TunnelOptions
  readonly #tries: Tries
  readonly #requestId: string
  readonly #headers: Record<string, string | string[]>
  #upstreamRequest: ClientRequest | undefined
  #endpoint: EndpointId | undefined
  #failure: UpstreamErrorReason | undefined
  #upstreamStatus: number | undefined
  #headAt = 0
  #attemptStartedAt = 0
  #settled = false
  #joined = false

  constructor(options: TunnelOptions) {
    const { client, proxy, backend } = options
    const { request, handshake } = client
    this.#options = options
    this.#requestId = requestIdFor(request.givenId)
    this.#tries = new Tries(proxy, backend)
    const fields = upstreamFields(request, this.#requestId, undefined)
    const ownNames = new Set(handshake.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
    // http-proxy-3 looks for these two in lower case.
    this.#headers = {
      ...grouped([...withoutNames(fields.list, ownNames), ...handshake]),
      connection: 'Upgrade',
      upgrade: 'websocket',
    }
  }

  get endpoint(): EndpointId | undefined {
    return this.#endpoint
  }

  get attempts(): number {
    return this.#tries.count
  }

  get failure(): UpstreamErrorReason | undefined {
    return this.#failure
  }

  get backend(): BackendId {
    return this.#options.backend.id
  }

  get service(): string {
    return this.#options.backend.service
  }

  get upstreamStatus(): number | undefined {
    return this.#upstreamStatus
  }

  get headAt(): number {
    return this.#headAt
  }

  get attemptStartedAt(): number {
    return this.#attemptStartedAt
  }

  /** What goes through the tunnel is not known at its beginning. */
  readonly requestBytes = 0
  readonly responseBytes = 0
  readonly upstreamBytes = 0
  readonly connectedAt = 0
  readonly earlier = noEarlier

  start(): void {
    const { client, proxy } = this.#options
    const { socket } = client
    proxy.counters.tunnels++
    // Nobody reads the socket before the 101, and an unread socket does not say that it has ended.
    socket.on('readable', this.#noticeEnd)
    socket.once('end', this.#onClientGone)
    socket.once('close', () => {
      proxy.counters.tunnels--
      this.#onClientGone()
    })
    this.#tryNext(undefined)
  }

  readonly #noticeEnd = (): void => {
    const { socket } = this.#options.client
    if (socket.readableLength === 0) socket.read()
  }

  readonly #onClientGone = (): void => {
    if (this.#joined) return
    this.#settle(499)
    this.#upstreamRequest?.destroy()
    this.#options.client.socket.destroy()
  }

  #tryNext(last: UpstreamFailure | undefined): void {
    const { proxy } = this.#options
    this.#failure = last?.reason
    const endpoint = this.#tries.next()
    if (endpoint === undefined) {
      if (last !== undefined) this.#refuse(statusFor(last), last.reason)
      return
    }
    if (last !== undefined) proxy.counters.retries++
    this.#tries.add(endpoint)
    this.#endpoint = endpoint.id
    this.#attemptStartedAt = performance.now()
    this.#upstreamStatus = undefined
    this.#connect(endpoint)
  }

  #connect(endpoint: Endpoint): void {
    const { proxy, client, path } = this.#options
    const { socket } = client
    const { connectTimeoutMs, readTimeoutMs } = proxy.table.settings
    const joiner = createProxyServer({ xfwd: false, connectTimeout: connectTimeoutMs })
    // Of a joined connection that breaks: nobody else listens, and an unheard 'error' would end the process.
    joiner.on('error', () => socket.destroy())
    let upstreamRequest: ClientRequest | undefined
    joiner.once('proxyReqWs', (opened) => {
      upstreamRequest = opened
    })
    // Typed for node:http's own objects; of the request it reads only these.
    const shadow = { method: 'GET', url: path, headers: this.#headers, httpVersion: '1.1', httpVersionMajor: 1, socket }
    joiner.ws(shadow as never, socket as never, Buffer.alloc(0), {
      target: { protocol: 'http:', host: endpoint.address, hostname: endpoint.address, port: endpoint.port } as never,
      toProxy: true,
      prependPath: false,
    })
    if (upstreamRequest === undefined) return this.#refuse(502, 'the handshake could not be sent')
    this.#supervise(upstreamRequest, readTimeoutMs, proxy.silence.watch(upstreamRequest, endpoint, this))
  }

  canGoElsewhere(): boolean {
    return !this.#settled && this.#mayTryAgain(1) && this.#tries.isAnyLeft()
  }

  /** `pending`: misses that are not counted yet. */
  #mayTryAgain(pending = 0): boolean {
    return mayTryAgain({ attempts: this.#tries.count, misses: this.#tries.misses + pending })
  }

  /** Puts our checks before what http-proxy-3 does with each outcome of the handshake. */
  #supervise(upstreamRequest: ClientRequest, timeoutMs: number, watched: WatchedConnection): void {
    this.#upstreamRequest = upstreamRequest
    const [join] = upstreamRequest.listeners('upgrade') as UpgradeListener[]
    for (const event of ['upgrade', 'response', 'error']) upstreamRequest.removeAllListeners(event)
    let failed = false
    const fail = (error: NodeJS.ErrnoException): void => {
      if (failed) return
      failed = true
      clearTimeout(timer)
      upstreamRequest.destroy()
      if (!watched.isConnected) this.#options.proxy.health.onConnectFailed(watched.state, error.code)
      this.#onFailure(describeFailure(error, watched.isConnected, false))
    }
    const timer = setTimeout(() => fail(timeoutError()), timeoutMs)

    upstreamRequest.on('error', fail)
    upstreamRequest.on('response', (response) => {
      clearTimeout(timer)
      this.#relayRefusal(response)
    })
    upstreamRequest.on('upgrade', (response, upstream, upstreamHead) => {
      clearTimeout(timer)
      if (join === undefined || this.#settled || !isValidSwitch(response, this.#options.client.key)) {
        upstream.destroy()
        if (!this.#settled) this.#refuse(502, 'the endpoint switched to something that is not this WebSocket')
        return
      }
      this.#onAnswer(101)
      this.#joined = true
      watched.isTunnel = true
      const { client } = this.#options
      client.socket.off('readable', this.#noticeEnd)
      upstream.on('error', () => client.socket.destroy())
      client.socket.on('error', () => upstream.destroy())
      client.join({ response, upstream, upstreamHead, join: () => join(response, upstream, upstreamHead) })
    })
  }

  #onFailure(failure: UpstreamFailure): void {
    if (this.#settled) return
    const { proxy } = this.#options
    proxy.counters.upstreamErrors[failure.reason]++
    this.#tries.onFailure(failure)
    // A handshake is a GET, but it may have opened a session: it is tried again only where nobody has seen it.
    if (!failure.requestSent && this.#mayTryAgain()) this.#tryNext(failure)
    else this.#refuse(statusFor(failure), failure.reason)
  }

  /** The endpoint answered with an ordinary response (401, 403, 404, …): the client gets it, then the connection ends. */
  #relayRefusal(response: IncomingMessage): void {
    const { client, proxy } = this.#options
    if (this.#settled) return void response.destroy()
    this.#onAnswer(response.statusCode ?? 502)
    response.on('error', () => client.socket.destroy())
    response.setTimeout(proxy.table.settings.readTimeoutMs, () => response.destroy())
    client.relay(response)
  }

  #refuse(status: number, text: string): void {
    this.#settle(status)
    this.#options.client.refuse(status, text)
  }

  #onAnswer(status: number): void {
    this.#upstreamStatus = status
    this.#headAt = performance.now()
    this.#settle(status)
  }

  /** The handshake has ended, one way or the other: counted once. */
  #settle(status: number): void {
    if (this.#settled) return
    this.#settled = true
    const { proxy, client, route, startedAt } = this.#options
    finishRequest(proxy, {
      lane: 'tunnel',
      request: client.request,
      route,
      status,
      startedAt,
      requestId: this.#requestId,
      upstream: this,
    })
  }
}

function timeoutError(): Error {
  return Object.assign(new Error('no answer to the handshake in time'), { code: 'UND_ERR_HEADERS_TIMEOUT' })
}
