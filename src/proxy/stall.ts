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
  /** An exchange is under way: idle connections have a limit of their own. */
  readonly isBusy: (socket: Socket) => boolean
  readonly sweepEveryMs?: number
}

/**
 * Cuts connections on which nothing moves. It looks at all of them every few seconds, where Node's own timeout would set a timer
 * anew with every read and write.
 */
export class StallWatch {
  readonly #options: StallWatchOptions
  readonly #progress = new Map<Socket, Progress>()
  readonly #timer: NodeJS.Timeout

  constructor(options: StallWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#sweep(), options.sweepEveryMs ?? sweepEveryMs).unref()
  }

  add(socket: Socket): void {
    this.#progress.set(socket, { bytes: 0, atMs: performance.now() })
    socket.once('close', () => this.#progress.delete(socket))
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    const now = performance.now()
    const timeoutMs = this.#options.timeoutMs()
    for (const [socket, progress] of this.#progress) {
      const bytes = socket.bytesRead + socket.bytesWritten
      if (bytes !== progress.bytes || !this.#options.isBusy(socket)) {
        progress.bytes = bytes
        progress.atMs = now
      } else if (now - progress.atMs > timeoutMs) {
        socket.destroy()
      }
    }
  }
}
