import { once } from 'node:events'

type Result = Readonly<Record<string, unknown>>

type Message = {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly result?: Result
  readonly error?: { readonly message: string }
}

type Call = { readonly method: string; resolve(result: Result): void; reject(error: Error): void }

/** The DevTools protocol over its WebSocket: a call is answered under its id, an event comes by its name. */
export class DevTools {
  readonly #socket: WebSocket
  readonly #calls = new Map<number, Call>()
  readonly #awaited = new Map<string, () => void>()
  #lastId = 0

  static async connect(url: string): Promise<DevTools> {
    const socket = new WebSocket(url)
    await once(socket, 'open')
    return new DevTools(socket)
  }

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))))
    socket.addEventListener('close', () => {
      for (const { method, reject } of this.#calls.values()) reject(new Error(`${method}: the browser is gone`))
    })
  }

  send(method: string, params: object, sessionId?: string): Promise<Result> {
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#calls.set(id, { method, resolve, reject })
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    return promise
  }

  /** The next one of this name. */
  event(method: string, sessionId: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#awaited.set(`${sessionId} ${method}`, resolve)
    return promise
  }

  #receive({ id, method, sessionId, result, error }: Message): void {
    if (id === undefined) {
      this.#awaited.get(`${sessionId} ${method}`)?.()
      return
    }
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (error !== undefined) call?.reject(new Error(`${call.method}: ${error.message}`))
    else call?.resolve(result ?? {})
  }
}
