import type { Socket } from 'node:net'
import type { Settings } from '../router/table.ts'

/** Longer than an endpoint may be silent, so that its 504 comes first. */
const marginMs = 15_000
const sweepEveryMs = 5_000

/** How long a client may neither send nor take a byte while an exchange is under way; then it is cut, and the endpoint freed. */
export function stallTimeoutMs({ readTimeoutMs, sendTimeoutMs }: Settings): number {
  return Math.max(readTimeoutMs, sendTimeoutMs) + marginMs
}

type Progress = { bytes: number; atMs: number }

export type StallWatchOptions = {
  readonly timeoutMs: () => number
  readonly sockets: Iterable<Socket>
  /** An exchange is under way: idle connections have a limit of their own. */
  readonly isBusy: (socket: Socket) => boolean
  readonly sweepEveryMs?: number
}

/**
 * Cuts connections on which nothing moves. It looks at all of them every few seconds, where Node's own timeout would set a timer
 * anew with every read and write. Of those that it never meets at work it keeps nothing.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  readonly #progress = new WeakMap<Socket, Progress>()
  readonly #timer: NodeJS.Timeout

  constructor(options: StallWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#sweep(), options.sweepEveryMs ?? sweepEveryMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    const now = performance.now()
    const timeoutMs = this.#options.timeoutMs()
    for (const socket of this.#options.sockets) {
      if (!this.#options.isBusy(socket)) {
        this.#progress.delete(socket)
        continue
      }
      const bytes = socket.bytesRead + socket.bytesWritten
      const progress = this.#progress.get(socket)
      if (progress === undefined) {
        this.#progress.set(socket, { bytes, atMs: now })
      } else if (bytes !== progress.bytes) {
        progress.bytes = bytes
        progress.atMs = now
      } else if (now - progress.atMs > timeoutMs) {
        socket.destroy()
      }
    }
  }
}
