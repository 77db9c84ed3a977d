import type { ListenerId, Question } from '../router/table.ts'
import type { DownstreamRequest } from './exchange.ts'

/** Asks the routing table about a request; looks into headers, query and cookies only when a condition wants to know. */
export class RequestQuestion implements Question {
  readonly listener: ListenerId
  readonly host: string
  readonly path: string
  readonly method: string
  readonly #request: DownstreamRequest

  constructor(request: DownstreamRequest, host: string, path: string) {
    this.listener = request.scheme
    this.host = host
    this.path = path
    this.method = request.method
    this.#request = request
  }

  header(name: string): string | undefined {
    return this.#request.field(name)
  }

  query(name: string): string | undefined {
    const { target } = this.#request
    const at = target.indexOf('?')
    return at < 0 ? undefined : (new URLSearchParams(target.slice(at + 1)).get(name) ?? undefined)
  }

  cookie(name: string): string | undefined {
    for (const pair of (this.header('cookie') ?? '').split(';')) {
      const equals = pair.indexOf('=')
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
    }
    return undefined
  }
}
