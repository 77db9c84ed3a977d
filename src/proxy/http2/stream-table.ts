import { maxStreamId } from './frame.ts'
import type { Stream } from './stream.ts'

/** Above every stream, the last one that may be used included. */
const noLimit = maxStreamId + 1

/** Streams that we reset and whose frames may still be on their way. */
const rememberedResets = 128

/** The streams of a connection: those that are open, and what must be known of those that were (RFC 9113 section 5.1). */
export class StreamTable {
  /** Highest id so far. */
  lastId = 0
  /** Streams above it are not answered: their client has been told so, and asks elsewhere. */
  acceptedUpTo = noLimit
  readonly #open = new Map<number, Stream>()
  #resetIds: number[] = []
  #next = 0

  get size(): number {
    return this.#open.size
  }

  get isDraining(): boolean {
    return this.acceptedUpTo !== noLimit
  }

  open(): IterableIterator<Stream> {
    return this.#open.values()
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id)
  }

  add(stream: Stream): void {
    this.#open.set(stream.id, stream)
  }

  delete(id: number): void {
    this.#open.delete(id)
  }

  /** Never used so far (section 5.1.1). */
  isIdle(id: number): boolean {
    return id === 0 || id > this.lastId || (id & 1) === 0
  }

  rememberReset(id: number): void {
    this.#resetIds[this.#next] = id
    this.#next = (this.#next + 1) % rememberedResets
  }

  /** Its client may not have heard yet that it is gone. */
  mayBeUnaware(id: number): boolean {
    return id > this.acceptedUpTo || this.#resetIds.includes(id)
  }
}
