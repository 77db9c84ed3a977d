import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request as sendRequest } from 'node:http'
import type { Failure, StreamOptions } from './report.ts'
import { Tally } from './tally.ts'

/** After this an answer counts as none. */
const timeoutMs = 10_000

/** The full rate is reached after this time: programs that have just started are slow, and a queue that grows makes them slower. */
const rampMs = 1_000

/** A machine that stood still for a moment does not make up for it in one burst. */
const maxBurst = 50

type UnderWay = { readonly request: ClientRequest; readonly startedAt: number }

export type StreamEvents = {
  readonly onFailure: (failure: Failure) => void
  readonly onPostSucceeded: (id: string) => void
}

/** Requests at a steady rate. Each has an id of its own, which the backend must give back. */
export class Stream {
  readonly name: string
  readonly tally = new Tally()
  readonly #options: StreamOptions
  readonly #events: StreamEvents
  readonly #agent: Agent
  readonly #targets: readonly RequestOptions[]
  readonly #body: string
  readonly #underWay = new Set<UnderWay>()
  #due = 0
  #startedAt = 0
  #lastTick = 0
  #count = 0
  #onIdle: (() => void) | undefined

  constructor(options: StreamOptions, events: StreamEvents) {
    this.name = options.name
    this.#options = options
    this.#events = events
    // In turn, and not more than are used within a second: one that is idle for long may be closed by the other side just as
    // a request leaves.
    const maxFreeSockets = Math.max(1, Math.ceil(options.rate / options.urls.length))
    this.#agent = new Agent({ keepAlive: options.connections !== 'new', scheduling: 'fifo', maxFreeSockets })
    this.#targets = options.urls.map((url) => targetOf(new URL(url), options, this.#agent))
    this.#body = 'x'.repeat(options.bodyBytes ?? 64)
  }

  /** Sends what is due since the last call, and gives up on what has waited too long. */
  tick(now: number): void {
    if (this.#startedAt === 0) this.#startedAt = now
    const share = Math.min(1, (now - this.#startedAt) / rampMs)
    if (this.#lastTick > 0) this.#due += ((now - this.#lastTick) * this.#options.rate * share) / 1000
    this.#lastTick = now
    this.#due = Math.min(this.#due, maxBurst)
    for (; this.#due >= 1; this.#due--) this.#send(now)
    for (const { request, startedAt } of this.#underWay) {
      if (now - startedAt < timeoutMs) break
      request.destroy(new Error(`no answer within ${timeoutMs} ms`))
    }
  }

  /** Resolves when nothing is under way; `tick` has to go on until then. */
  idle(): Promise<void> {
    if (this.#underWay.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }

  stopSending(): void {
    this.#due = Number.NEGATIVE_INFINITY
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(startedAt: number): void {
    const { method = 'GET' } = this.#options
    const id = `${this.name}-${this.#count}`
    const target = this.#targets[this.#count++ % this.#targets.length]
    if (target === undefined) return
    const request = sendRequest({ ...target, headers: { ...target.headers, 'x-traffic-id': id } })
    const underWay: UnderWay = { request, startedAt }
    this.#underWay.add(underWay)
    this.tally.sent++
    const settle = (status: number, error: string | undefined, answer?: IncomingMessage): void => {
      if (!this.#underWay.delete(underWay)) return
      const endedAt = Date.now()
      this.tally.count({
        succeeded: error === undefined,
        status,
        pod: fieldOf(answer, 'x-pod'),
        version: fieldOf(answer, 'x-version'),
        milliseconds: endedAt - startedAt,
      })
      if (error === undefined) {
        if (method === 'POST') this.#events.onPostSucceeded(id)
      } else {
        const url = `http://${target.hostname}:${target.port}${target.path}`
        const { reusedSocket: isKept } = request
        this.#events.onFailure({ stream: this.name, id, url, startedAt, endedAt, status, error, isKept })
      }
      if (this.#underWay.size === 0) this.#onIdle?.()
    }
    request.once('socket', (socket) => {
      if (socket.connecting) this.tally.connections++
    })
    request.once('error', (error: NodeJS.ErrnoException) => settle(0, error.code ?? error.message))
    request.once('response', (answer) => readAnswer(answer, id, settle))
    request.end(method === 'POST' ? this.#body : undefined)
  }
}

function readAnswer(
  answer: IncomingMessage,
  id: string,
  settle: (status: number, error: string | undefined, answer: IncomingMessage) => void,
): void {
  const status = answer.statusCode ?? 0
  const isGood = status >= 200 && status < 300
  let text = ''
  answer.on('data', (chunk: Buffer) => {
    // Of an answer that is an error, the start of the text says why.
    if (!isGood && text.length < 200) text += chunk.toString('latin1')
  })
  answer.once('error', (error: NodeJS.ErrnoException) =>
    settle(status, `in the body: ${error.code ?? error.message}`, answer),
  )
  answer.once('close', () => {
    if (!answer.complete) settle(status, 'the answer broke off', answer)
    else if (!isGood) settle(status, text.slice(0, 200), answer)
    else if ((fieldOf(answer, 'x-traffic-id') ?? id) !== id) settle(status, 'the answer to another request', answer)
    else settle(status, undefined, answer)
  })
}

function targetOf(url: URL, { host, method = 'GET', headers = {} }: StreamOptions, agent: Agent): RequestOptions {
  return {
    agent,
    // WHATWG writes the brackets of IPv6 addresses, `connect` takes none.
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : url.port,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { ...headers, host: host ?? url.host },
  }
}

function fieldOf(answer: IncomingMessage | undefined, name: string): string | undefined {
  const value = answer?.headers[name]
  return typeof value === 'string' ? value : undefined
}
