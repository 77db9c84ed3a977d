import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Settings } from '../router/table.ts'
import { describeFailure, type UpstreamFailure } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { downstreamResponseHeaders, supplementaryFields, withoutLength } from './headers.ts'
import type { ConnectionUser } from './silence-watch.ts'
import type { UpstreamConnection } from './upstream-pool.ts'

/** How an attempt tells the request it belongs to what became of it. Exactly one of the two is called, once. */
export interface AttemptOwner {
  onAttemptComplete(attempt: Attempt): void
  onAttemptFailed(attempt: Attempt, failure: UpstreamFailure): void
  /** Another endpoint would take the request, if nothing of it has been sent yet. */
  canGoElsewhere(): boolean
}

export type AttemptRequest = {
  readonly path: string
  readonly headers: string[]
  readonly body: Readable | undefined
}

/** One try at one endpoint: sends the request, streams the answer through, carries an abort from either side to the other. */
export class Attempt implements Dispatcher.DispatchHandler, ConnectionUser {
  readonly connection: UpstreamConnection
  status = 0
  readonly #exchange: Exchange
  readonly #owner: AttemptOwner
  #controller: Dispatcher.DispatchController | undefined
  #aborted = false
  #settled = false

  constructor(connection: UpstreamConnection, exchange: Exchange, owner: AttemptOwner) {
    this.connection = connection
    this.#exchange = exchange
    this.#owner = owner
  }

  start(request: AttemptRequest, settings: Settings): void {
    const options: Dispatcher.DispatchOptions & { readonly servername: string } = {
      method: this.#exchange.request.method as Dispatcher.HttpMethod,
      path: request.path,
      headers: request.headers,
      body: request.body ?? null,
      headersTimeout: settings.readTimeoutMs,
      bodyTimeout: settings.readTimeoutMs,
      // Left out, undici closes the connection after each HEAD, and after a GET with a body.
      reset: false,
      // Left out, undici makes one of the Host field, and tests with a large pattern whether that is an address.
      servername: this.connection.endpoint.address,
    }
    this.connection.user = this
    this.connection.client.dispatch(options, this)
  }

  /** The client is gone: the endpoint need not go on. */
  abort(reason: Error): void {
    this.#aborted = true
    this.#controller?.abort(reason)
  }

  canGoElsewhere(): boolean {
    return this.#controller === undefined && this.#owner.canGoElsewhere()
  }

  resume(): void {
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted) controller.abort(new Error('the client is gone'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const received = rawFields(controller.rawHeaders)
    if (status < 200) {
      // 103 Early Hints is the only interim answer with a meaning for the client; 100 is between us and the endpoint.
      if (status === 103) this.#exchange.inform(status, supplementaryFields(received))
      return
    }
    const headers = downstreamResponseHeaders(received, this.#exchange)
    this.#exchange.respond(status, status === 204 || status === 205 ? withoutLength(headers) : headers)
    this.status = status
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#exchange.write(chunk)) controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const trailers = rawFields(controller.rawTrailers)
    this.#exchange.end(trailers.length > 0 && this.#exchange.acceptsTrailers ? supplementaryFields(trailers) : [])
    this.#settled = true
    this.#owner.onAttemptComplete(this)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#settled) return
    this.#settled = true
    const requestSent = this.#controller !== undefined
    this.#owner.onAttemptFailed(this, describeFailure(error, requestSent, this.status !== 0))
  }
}

/** Bytes as latin1, one character each, so that they leave as they came. */
function rawFields(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return []
  const fields = new Array<string>(raw.length)
  for (let i = 0; i < raw.length; i++) {
    const field: Buffer | string = raw[i] ?? ''
    fields[i] = typeof field === 'string' ? field : field.toString('latin1')
  }
  return fields
}
