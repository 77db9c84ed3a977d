import { closeSync, constants, fstatSync, openSync, writeSync, writev } from 'node:fs'
import { Socket } from 'node:net'

/** Where lines go, in chunks of whole lines of at most 4096 bytes (see `maxLineBytes`). */
export interface LogOutput {
  /** How many chunks are worth a `write`; it never gets more. */
  readonly chunksPerWrite: number
  /** Writes as soon as it can be done, at once if possible. Not called again before `onDone` was. */
  write(chunks: readonly Buffer[], events: WriteEvents): void
  /** For the last moment of a process. False: it cannot be done without waiting. */
  writeLast(chunk: Buffer): boolean
  close(): void
}

type WriteEvents = {
  /** So many more chunks have been written. */
  onWritten(chunks: number): void
  /** An error: the others were not, and will not be. */
  onDone(error: Error | undefined): void
}

export function openLogOutput(fd: number): LogOutput {
  const stats = fstatSync(fd)
  if (!stats.isFIFO()) return new ThreadOutput(fd, stats.isSocket() ? 1 : chunksPerFileWrite, stats.isFile())
  try {
    return new PipeOutput(fd)
  } catch {
    // No /proc, as on macOS, or a pipe that belongs to another user.
    return new ThreadOutput(fd, 1, false)
  }
}

/** 64 KiB, which makes little of what it costs to wake up a thread. */
const chunksPerFileWrite = 16
/** Half of what a pipe holds. One at a time would wake up the reader for each, which costs 0.7 us a line at 20,000 a second. */
const chunksPerPipeWrite = 8

/**
 * A pipe, opened once more by way of /proc: "do not block" (O_NONBLOCK) belongs to the open file, and the one we were given is
 * shared with other processes and with the log of this one, which waits. Such a write costs a tenth of one by a
 * thread of libuv's pool, and takes all or nothing (pipe(7): PIPE_BUF).
 */
class PipeOutput implements LogOutput {
  readonly chunksPerWrite = chunksPerPipeWrite
  readonly #path: string
  readonly #fd: number
  #waiter: Socket | undefined

  constructor(fd: number) {
    this.#path = `/proc/self/fd/${fd}`
    this.#fd = openPipe(this.#path)
  }

  write(chunks: readonly Buffer[], events: WriteEvents): void {
    const refused = chunks.findIndex((chunk) => !this.writeLast(chunk))
    const written = refused < 0 ? chunks.length : refused
    events.onWritten(written)
    this.#wait(chunks.slice(written), events)
  }

  writeLast(chunk: Buffer): boolean {
    try {
      return writeSync(this.#fd, chunk) === chunk.length
    } catch {
      // EAGAIN: it is full. Who waits meets any other error again.
      return false
    }
  }

  /** One after another: a stream would join them into one write, which other processes could get in between. */
  #wait([chunk, ...rest]: readonly Buffer[], events: WriteEvents): void {
    if (chunk === undefined) return events.onDone(undefined)
    try {
      this.#waiter ??= this.#openWaiter()
    } catch (error) {
      return events.onDone(error instanceof Error ? error : new Error(String(error)))
    }
    this.#waiter.write(chunk, (error) => {
      if (error) return events.onDone(error)
      events.onWritten(1)
      this.#wait(rest, events)
    })
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

  write(chunks: readonly Buffer[], events: WriteEvents): void {
    writev(this.#fd, chunks, (error, written) => {
      // Somebody else who has the same open file does not want it to block.
      if (error?.code === 'EAGAIN') return void setTimeout(() => this.write(chunks, events), retryAfterMs).unref()
      if (error) return events.onDone(error)
      const rest = withoutFirst(written, chunks)
      events.onWritten(chunks.length - rest.length)
      if (rest.length === 0) events.onDone(undefined)
      else this.write(rest, events)
    })
  }

  writeLast(chunk: Buffer): boolean {
    if (!this.#isFile) return false
    try {
      return writeSync(this.#fd, chunk) === chunk.length
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
