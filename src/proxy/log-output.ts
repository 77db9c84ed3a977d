import { closeSync, constants, fstatSync, openSync, writeSync, writev } from 'node:fs'
import { Socket } from 'node:net'

/** Where lines go, in chunks of whole lines of at most 4096 bytes (see `maxLineBytes`). */
export interface LogOutput {
  /** How many chunks are worth one `write`, and may be given to it. */
  readonly chunksPerWrite: number
  /** Writes the first bytes of the buffer if that can be done without waiting: all of them, or none. */
  writeNow(buffer: Buffer, length: number): boolean
  /** Writes as soon as it can be done. Not called again before `done` was. */
  write(chunks: readonly Buffer[], done: WriteCallback): void
  /** The same in the last moment of a process, when a file is worth waiting for. */
  writeLast(buffer: Buffer, length: number): boolean
  close(): void
}

type WriteCallback = (error: Error | null | undefined) => void

export function openLogOutput(fd: number): LogOutput {
  const stats = fstatSync(fd)
  if (!stats.isFIFO()) return new ThreadOutput(fd, stats.isSocket() ? 1 : chunksPerBatch, stats.isFile())
  try {
    return new PipeOutput(fd)
  } catch {
    // No /proc, as on macOS, or a pipe that belongs to another user.
    return new ThreadOutput(fd, 1, false)
  }
}

const chunksPerBatch = 16

/**
 * A pipe, opened once more by way of /proc: "do not block" (O_NONBLOCK) belongs to the open file, and the one we were given is
 * shared with other processes and with the log of this one, which waits. Such a write takes 2 us, a tenth of what a
 * thread of libuv's pool takes, and takes all or nothing (pipe(7): PIPE_BUF).
 */
class PipeOutput implements LogOutput {
  readonly chunksPerWrite = 1
  readonly #path: string
  readonly #fd: number
  #waiter: Socket | undefined

  constructor(fd: number) {
    this.#path = `/proc/self/fd/${fd}`
    this.#fd = openPipe(this.#path)
  }

  writeNow(buffer: Buffer, length: number): boolean {
    try {
      return writeSync(this.#fd, buffer, 0, length) === length
    } catch {
      // EAGAIN: it is full. `write` waits, and meets any other error again.
      return false
    }
  }

  write([chunk]: readonly Buffer[], done: WriteCallback): void {
    if (chunk === undefined) return done(undefined)
    try {
      this.#waiter ??= this.#openWaiter()
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)))
    }
    this.#waiter.write(chunk, done)
  }

  writeLast(buffer: Buffer, length: number): boolean {
    return this.writeNow(buffer, length)
  }

  close(): void {
    this.#waiter?.destroy()
    closeSync(this.#fd)
  }

  /** epoll tells it when the pipe has room; polling would cost an exception each time. Closes its descriptor itself. */
  #openWaiter(): Socket {
    const waiter = new Socket({ fd: openPipe(this.#path), readable: false, writable: true })
    // A log that nobody reads must not keep a process.
    waiter.unref()
    // The callback of `write` gets it as well.
    waiter.on('error', () => {})
    waiter.once('close', () => {
      this.#waiter = undefined
    })
    return waiter
  }
}

function openPipe(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
}

const retryAfterMs = 50

/** Files, terminals, sockets: written by a thread of libuv's pool, which alone waits where they block. */
class ThreadOutput implements LogOutput {
  readonly chunksPerWrite: number
  readonly #fd: number
  readonly #isFile: boolean

  constructor(fd: number, chunksPerWrite: number, isFile: boolean) {
    this.#fd = fd
    this.chunksPerWrite = chunksPerWrite
    this.#isFile = isFile
  }

  writeNow(): boolean {
    return false
  }

  write(chunks: readonly Buffer[], done: WriteCallback): void {
    writev(this.#fd, chunks, (error, written) => {
      // Somebody else who has the same open file does not want it to block.
      if (error?.code === 'EAGAIN') setTimeout(() => this.write(chunks, done), retryAfterMs).unref()
      else if (error) done(error)
      else {
        const rest = withoutFirst(written, chunks)
        if (rest.length === 0) done(undefined)
        else this.write(rest, done)
      }
    })
  }

  writeLast(buffer: Buffer, length: number): boolean {
    if (!this.#isFile) return false
    try {
      return writeSync(this.#fd, buffer, 0, length) === length
    } catch {
      // There is nobody left who could be told.
      return false
    }
  }

  /** The descriptor is not ours. */
  close(): void {}
}

/** What is left of the chunks behind their first bytes. */
export function withoutFirst(bytes: number, chunks: readonly Buffer[]): readonly Buffer[] {
  let index = 0
  let left = bytes
  for (let chunk = chunks[0]; chunk !== undefined && left >= chunk.length; chunk = chunks[index]) {
    left -= chunk.length
    index++
  }
  const [first, ...rest] = chunks.slice(index)
  return first === undefined ? [] : [first.subarray(left), ...rest]
}
