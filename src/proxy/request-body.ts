import { Readable } from 'node:stream'

/** What an endpoint took is kept up to this size, so that it can be said again to another one. */
const replayBytes = 64 * 1024

export type RequestBodyOptions = {
  readonly source: Readable
  /** From Content-Length; undefined: the body says itself where it ends. */
  readonly length: number | undefined
  /** 0: no limit. */
  readonly maxBytes: number
  /** Called once, when somebody first wants bytes: the moment for `100 Continue`. */
  readonly onFirstRead: () => void
  /** Called once, when more bytes came than allowed. */
  readonly onTooLarge: () => void
}

/**
 * The body of a client's request, read at the pace of whoever takes it. Each attempt reads its own copy, so that the
 * failure of one never touches the client's stream, and what was taken can be replayed while it is small.
 */
export class RequestBody {
  readonly length: number | undefined
  readonly #options: RequestBodyOptions
  #replay: Buffer[] | undefined = []
  /** How many of the kept chunks the current copy has. */
  #replayed = 0
  #received = 0
  #started = false
  #ended = false
  #reader: Readable | undefined

  constructor(options: RequestBodyOptions) {
    this.#options = options
    this.length = options.length
  }

  /** Bytes. */
  get received(): number {
    return this.#received
  }

  get replayable(): boolean {
    return this.#replay !== undefined
  }

  /** A new copy, from the first byte. The one before, if any, gets nothing more. */
  open(): Readable {
    const body = this
    // Nothing new may come in before the copy has caught up with what was kept.
    if (this.#started) this.#options.source.pause()
    this.#replayed = 0
    const reader = new Readable({
      read() {
        if (body.#reader === reader) body.#feed(reader)
      },
    })
    // The attempt hears of errors through its own failure; an unheard 'error' would end the process.
    reader.on('error', () => {})
    this.#reader = reader
    return reader
  }

  #feed(reader: Readable): void {
    const kept = this.#replay?.[this.#replayed]
    if (kept !== undefined) {
      this.#replayed++
      reader.push(kept)
    } else if (this.#ended) {
      reader.push(null)
    } else {
      this.#resume()
    }
  }

  #resume(): void {
    const { source } = this.#options
    if (!this.#started) {
      this.#started = true
      this.#options.onFirstRead()
      source.on('data', (chunk: Buffer) => this.#take(chunk))
      source.on('end', () => this.#finish())
    }
    source.resume()
  }

  #take(chunk: Buffer): void {
    const { source, maxBytes } = this.#options
    this.#received += chunk.length
    if (maxBytes > 0 && this.#received > maxBytes) {
      source.pause()
      this.#options.onTooLarge()
      return
    }
    if (this.#received <= replayBytes) {
      this.#replay?.push(chunk)
      this.#replayed++
    } else {
      this.#replay = undefined
    }
    const reader = this.#reader
    if (reader === undefined || reader.destroyed || !reader.push(chunk)) source.pause()
  }

  #finish(): void {
    this.#ended = true
    const reader = this.#reader
    if (reader !== undefined && !reader.destroyed) reader.push(null)
  }
}
