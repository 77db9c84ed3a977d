import type { AccessLogEntry } from './access-log-entry.ts'
import type { DownstreamRequest } from './exchange.ts'
import { noEarlier, type RequestOutcome, type UpstreamOutcome } from './request-outcome.ts'

/** What became of a request, as an entry of the access log. What a format does not ask for is never looked for. */
export class OutcomeEntry implements AccessLogEntry {
  readonly time = Date.now()
  readonly duration: number
  readonly #outcome: RequestOutcome
  readonly #request: DownstreamRequest
  /** undefined: answered here. */
  readonly #upstream: UpstreamOutcome | undefined

  constructor(outcome: RequestOutcome, duration: number) {
    this.duration = duration
    this.#outcome = outcome
    this.#request = outcome.request
    this.#upstream = typeof outcome.upstream === 'number' ? undefined : outcome.upstream
  }

  get requestId(): string {
    return this.#outcome.requestId
  }

  get clientAddress(): string {
    return this.#request.clientAddress
  }

  get method(): string {
    return this.#request.method
  }

  get host(): string {
    return this.#request.authority
  }

  get target(): string {
    return this.#request.target
  }

  get httpVersion(): string {
    return this.#request.httpVersion
  }

  get scheme(): AccessLogEntry['scheme'] {
    return this.#request.scheme
  }

  get tlsVersion(): string | undefined {
    return this.#request.tlsVersion
  }

  get lane(): AccessLogEntry['lane'] {
    return this.#outcome.lane
  }

  get status(): number {
    return this.#outcome.status
  }

  get requestLength(): number {
    return headLength(this.#request) + this.requestBytes
  }

  get requestBytes(): number {
    return this.#upstream?.requestBytes ?? 0
  }

  get responseBytes(): number {
    const { upstream } = this.#outcome
    return typeof upstream === 'number' ? upstream : upstream.responseBytes
  }

  get connectDuration(): number | undefined {
    const { connectedAt = 0, attemptStartedAt = 0 } = this.#upstream ?? {}
    return connectedAt > attemptStartedAt ? (connectedAt - attemptStartedAt) / 1000 : undefined
  }

  get firstByteDuration(): number | undefined {
    const headAt = this.#upstream?.headAt ?? 0
    return headAt === 0 ? undefined : (headAt - this.#outcome.startedAt) / 1000
  }

  get route(): AccessLogEntry['route'] {
    return this.#outcome.route
  }

  get backend(): string | undefined {
    return this.#upstream?.backend
  }

  get service(): string | undefined {
    return this.#upstream?.service
  }

  get endpoint(): string | undefined {
    return this.#upstream?.endpoint
  }

  get upstreamStatus(): number | undefined {
    return this.#upstream?.upstreamStatus
  }

  get upstreamBytes(): number | undefined {
    return this.endpoint === undefined ? undefined : this.#upstream?.upstreamBytes
  }

  get upstreamDuration(): number | undefined {
    if (this.#upstream === undefined || this.endpoint === undefined) return undefined
    return this.duration - (this.#upstream.attemptStartedAt - this.#outcome.startedAt) / 1000
  }

  get attempts(): number {
    return this.#upstream?.attempts ?? 0
  }

  get earlier(): AccessLogEntry['earlier'] {
    return this.#upstream?.earlier ?? noEarlier
  }

  get reason(): AccessLogEntry['reason'] {
    return this.#upstream?.failure
  }

  get user(): string | undefined {
    return userOf(this.#request.field('authorization'))
  }

  get userAgent(): string | undefined {
    return this.#request.field('user-agent')
  }

  get referer(): string | undefined {
    return this.#request.field('referer')
  }
}

/** Request line and fields, each with its line end and `: `, and the empty line. */
function headLength({ method, target, httpVersion, headers }: DownstreamRequest): number {
  if (method === '') return 0
  let length = `${method} ${target} HTTP/${httpVersion}\r\n\r\n`.length
  // Two texts are one field, which adds `: ` and a line end.
  for (const text of headers) length += text.length + 2
  return length
}

/** RFC 7617 section 2: what stands before the first colon. */
function userOf(authorization: string | undefined): string | undefined {
  const [, credentials] = /^basic +([^ ]+) *$/i.exec(authorization ?? '') ?? []
  if (credentials === undefined) return undefined
  const text = Buffer.from(credentials, 'base64').toString('latin1')
  const end = text.indexOf(':')
  return end > 0 ? text.slice(0, end) : undefined
}
