import type { Backend, BackendId, Endpoint, EndpointId, Route, RoutingTable } from '../router/table.ts'
import { answer } from './answer.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { UpstreamErrorReason } from './counters.ts'
import { statusFor, type UpstreamFailure } from './errors.ts'
import type { Exchange, ExchangeEvents } from './exchange.ts'
import { Fields } from './fields.ts'
import { finishRequest } from './finish-request.ts'
import { upstreamFields } from './headers.ts'
import type { ProxyState } from './proxy-state.ts'
import { RequestBody } from './request-body.ts'
import { type EarlierAttempt, noEarlier, type UpstreamOutcome } from './request-outcome.ts'
import { mayRetry } from './retry.ts'
import { Tries } from './tries.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

export type ForwardOptions = {
  readonly proxy: ProxyState
  readonly exchange: Exchange
  readonly route: Route
  readonly backend: Backend
  /** The table that the request was matched with: it stays with it to the end. */
  readonly table: RoutingTable
  /** Path and query as the endpoint shall see them. */
  readonly path: string
  readonly requestId: string
  /** Milliseconds, by performance.now(). */
  readonly startedAt: number
}

/** Status that is counted for a request whose client went away before the answer (nginx's number; never sent). */
const clientClosedRequest = 499

const noFields = Fields.ofList([])

const unsent: UpstreamFailure = { reason: 'connect-timeout', requestSent: false, message: '' }

/** The attempt loop of one request: pick an endpoint, try, and try another while nothing is committed. */
export class Forward implements ExchangeEvents, AttemptOwner, UpstreamOutcome {
  readonly #options: ForwardOptions
  readonly #body: RequestBody | undefined
  readonly #fields: Fields
  readonly #tries: Tries
  #attempt: Attempt | undefined
  #attemptStartedAt: number
  #earlier: readonly EarlierAttempt[] = noEarlier
  #failure: UpstreamErrorReason | undefined
  /** Bytes of the body of an answer of our own. */
  #answered: number | undefined
  #finished = false

  constructor(options: ForwardOptions) {
    const { exchange, requestId, startedAt } = options
    const { request } = exchange
    this.#options = options
    this.#attemptStartedAt = startedAt
    this.#tries = new Tries(options.proxy, options.backend)
    this.#body = this.#bodyOf(exchange, options.table.settings.maxBodyBytes)
    const fields = upstreamFields(request, requestId, this.#body?.length)
    this.#fields = options.backend.protocol === 'h2c' ? withTe(fields, exchange) : fields
  }

  get endpoint(): EndpointId | undefined {
    return this.#attempt?.connection.endpoint.id
  }

  get attempts(): number {
    return this.#tries.count
  }

  get earlier(): readonly EarlierAttempt[] {
    return this.#earlier
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

  get requestBytes(): number {
    return this.#body?.received ?? 0
  }

  get responseBytes(): number {
    return this.#answered ?? this.#attempt?.bytes ?? 0
  }

  get upstreamStatus(): number | undefined {
    return this.#attempt?.status || undefined
  }

  get upstreamBytes(): number {
    return this.#attempt?.bytes ?? 0
  }

  get attemptStartedAt(): number {
    return this.#attemptStartedAt
  }

  get connectedAt(): number {
    return this.#attempt?.connection.connectedAt ?? 0
  }

  get headAt(): number {
    return this.#attempt?.headAt ?? 0
  }

  start(): void {
    const { exchange, proxy, backend } = this.#options
    proxy.counters.requestsInFlight++
    proxy.retryBudget.onRequest()
    exchange.subscribe(this)
    const endpoint = this.#tries.next()
    if (endpoint !== undefined) this.#try(proxy.pool.acquire(endpoint, backend.protocol))
  }

  onDrain(): void {
    // Of a finished attempt, the connection may already carry somebody else's answer.
    if (!this.#finished) this.#attempt?.resume()
  }

  onClientGone(): void {
    if (this.#finished) return
    this.#finish(this.#attempt !== undefined && this.#attempt.status !== 0 ? this.#attempt.status : clientClosedRequest)
    this.#attempt?.abort(new Error('the client is gone'))
  }

  onAttemptComplete(attempt: Attempt): void {
    this.#failure = undefined
    this.#options.proxy.pool.release(attempt.connection)
    this.#finish(attempt.status)
  }

  onAttemptFailed(attempt: Attempt, failure: UpstreamFailure): void {
    const { proxy, exchange, table } = this.#options
    proxy.pool.discard(attempt.connection)
    if (this.#finished) return
    this.#failure = failure.reason
    this.#tries.onFailure(failure)
    proxy.counters.upstreamErrors[failure.reason]++
    if (exchange.committed) {
      // A clean end would make a cut answer look complete.
      this.#finish(attempt.status)
      exchange.abort()
      return
    }
    if (this.#mayRetry(failure) && (!failure.requestSent || proxy.retryBudget.take())) {
      proxy.log.debug(
        { reason: failure.reason, endpoint: attempt.connection.endpoint.id, table: table.generation },
        'retry',
      )
      this.#tryAgain(attempt, failure)
    } else {
      this.#giveUp(failure)
    }
  }

  canGoElsewhere(): boolean {
    return !this.#finished && this.#mayRetry(unsent, 1) && this.#tries.isAnyLeft()
  }

  /** `pending`: misses that are not counted yet. */
  #mayRetry(failure: UpstreamFailure, pending = 0): boolean {
    const { exchange } = this.#options
    return mayRetry({
      method: exchange.request.method,
      failure,
      attempts: this.#tries.count,
      misses: this.#tries.misses + pending,
      committed: exchange.committed,
      bodyReplayable: this.#body?.replayable ?? true,
    })
  }

  /** On a new connection: a kept one could break in the same way, when endpoints close what is idle. */
  #tryAgain({ connection }: Attempt, failure: UpstreamFailure): void {
    const { proxy, backend } = this.#options
    const endpoint = this.#tries.next() ?? this.#sameEndpoint(connection, failure)
    if (endpoint === undefined) return this.#giveUp(failure)
    proxy.counters.retries++
    this.#remember(connection, failure)
    this.#try(proxy.pool.acquireNew(endpoint, backend.protocol))
  }

  /**
   * A kept connection that breaks, or one that ends while others use it, tells little of its endpoint: where that is the only one,
   * it is asked once more.
   */
  #sameEndpoint({ isKept, endpoint }: UpstreamConnection, { reason }: UpstreamFailure): Endpoint | undefined {
    return reason === 'stream-refused' || (isKept && reason !== 'endpoint-silent') ? endpoint : undefined
  }

  #remember({ endpoint }: UpstreamConnection, failure: UpstreamFailure): void {
    const now = performance.now()
    if (this.#options.proxy.accessLog !== undefined) {
      const seconds = (now - this.#attemptStartedAt) / 1000
      this.#earlier = [...this.#earlier, { endpoint: endpoint.id, status: statusFor(failure), seconds }]
    }
    this.#attemptStartedAt = now
  }

  #try(connection: UpstreamConnection): void {
    const { proxy, exchange, table, path } = this.#options
    this.#tries.add(connection.endpoint)
    const attempt = new Attempt(connection, exchange, this, proxy.accessLog?.isTimed === true)
    this.#attempt = attempt
    attempt.start(
      { path, fields: this.#fields, body: this.#body?.open(), bodyLength: this.#body?.length },
      table.settings,
    )
  }

  #giveUp(failure: UpstreamFailure): void {
    const { count } = this.#tries
    const text = `${failure.reason} after ${count} ${count === 1 ? 'try' : 'tries'}`
    this.#answer(statusFor(failure), text)
  }

  #answer(status: number, text: string): void {
    this.#answered = answer(this.#options.exchange, status, text, this.#options.requestId)
    this.#finish(status)
  }

  #finish(status: number): void {
    if (this.#finished) return
    this.#finished = true
    const { proxy, route, exchange, startedAt, requestId } = this.#options
    proxy.counters.requestsInFlight--
    finishRequest(proxy, {
      lane: exchange.lane,
      request: exchange.request,
      route,
      status,
      startedAt,
      requestId,
      upstream: this,
    })
  }

  #bodyOf(exchange: Exchange, maxBytes: number): RequestBody | undefined {
    const { bodySource, request } = exchange
    if (bodySource === undefined) return undefined
    return new RequestBody({
      source: bodySource,
      length: request.contentLength,
      maxBytes,
      onFirstRead: () => {
        if (exchange.expectsContinue && !exchange.committed) exchange.inform(100, noFields)
      },
      onTooLarge: () => this.#refuseBody(maxBytes),
    })
  }

  #refuseBody(maxBytes: number): void {
    const { exchange } = this.#options
    if (this.#finished) return
    if (exchange.committed) {
      this.#finish(413)
      exchange.abort()
    } else {
      this.#answer(413, `the body is larger than ${maxBytes} bytes`)
    }
    this.#attempt?.abort(new Error('the body is too large'))
  }
}

/**
 * gRPC servers look for it, to know that nobody on the way throws trailers away. It is the word of one connection (RFC 9110 section
 * 10.1.4), so it is ours to give, where our client takes them.
 */
function withTe(fields: Fields, { acceptsTrailers }: Exchange): Fields {
  return acceptsTrailers ? Fields.ofLines(`${fields.lines}TE: trailers\r\n`) : fields
}
