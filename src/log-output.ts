import { closeSync, constants, fstatSync, openSync, writev } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'
import { errorOf, isFull, withoutFirst, writeNow, writeWaiting } from './log-write.ts'

/**
 * Bytes of a line with its end. POSIX promises that what several processes write to a pipe is not mixed up to PIPE_BUF, which is
 * this on Linux (pipe(7)); a container runtime cuts lines of more than 16 KiB.
 */
export const maxLineBytes = 4096

/** Where lines go, in chunks of whole lines of at most `maxLineBytes`. */
export interface LogOutput {
  /** How many chunks are worth a `write`; it never gets more. */
  readonly chunksPerWrite: number
  /** Writes as soon as it can be done, at once if possible. Not called again before `onDone` was. */
  write(chunks: readonly Buffer[], events: WriteEvents): void
  /**
   * For the last moment of a process: these, behind what `write` still has. Where there is no room it holds up the whole process for
   * so many milliseconds at most, and drops the rest.
   */
  writeLast(chunks: readonly Buffer[], patienceMs: number): void
  close(): void
}

type WriteEvents = {
  /** So many more chunks have been written. */
  onWritten(chunks: number): void
  /** An error: the others were not, and will not be. */
  onDone(error: Error | undefined): void
}

/** `much`: what is written should cost little. `little`: each line should be out when `write` returns, if it can be. */
export function openLogOutput(fd: number, volume: 'much' | 'little'): LogOutput {
  const stats = fstatSync(fd)
  if (stats.isSocket()) return new PatientOutput(withoutBlocking(fd))
  const isLittle = volume === 'little'
  if (stats.isFile()) return isLittle ? new PatientOutput(fd) : new ThreadOutput(fd, chunksPerFileWrite, true)
  try {
    return stats.isFIFO() ? new PipeOutput(fd) : new PatientOutput(isatty(fd) ? openAgain(fd) : fd)
  } catch {
    // No /proc, as on macOS, or a pipe that belongs to another user.
    return isLittle ? new PatientOutput(fd) : new ThreadOutput(fd, 1, false)
  }
}

/**
 * "Do not block" (O_NONBLOCK) belongs to the open file, and the one we were given is shared with other processes: pipes and terminals
 * are opened once more, by way of /proc.
 */
function openAgain(fd: number): number {
  return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
}

/** A socket cannot be opened again. Node's own process.stdout does the same to it; this one is never written to. */
function withoutBlocking(fd: number): number {
  try {
    new Socket({ fd, readable: false, writable: true }).unref()
  } catch {
    // process.stdout waits for room in it at this moment, and has done it.
  }
  return fd
}

/** 64 KiB, which makes little of what it costs to wake up a thread. */
const chunksPerFileWrite = 16
/** Half of what a pipe holds. One at a time would wake up the reader for each, which costs 0.7 us a line at 20,000 a second. */
const chunksPerDirectWrite = 8

/** A pipe. A write costs a tenth of one by a thread of libuv's pool, and takes all or nothing (pipe(7): PIPE_BUF). */
class PipeOutput implements LogOutput {
  readonly chunksPerWrite = chunksPerDirectWrite
  readonly #givenFd: number
  readonly #fd: number
  #waiter: Socket | undefined
  /** What the waiter has, or will get. */
  #unwritten: readonly Buffer[] = []

  constructor(fd: number) {
    this.#givenFd = fd
    this.#fd = openAgain(fd)
  }

  write(chunks: readonly Buffer[], events: WriteEvents): void {
    const { written } = writeNow(this.#fd, chunks)
    events.onWritten(written)
    // Who waits meets any other error again.
    this.#wait(chunks.slice(written), events)
  }

  writeLast(chunks: readonly Buffer[], patienceMs: number): void {
    writeWaiting(this.#fd, [...this.#unwritten, ...chunks], patienceMs)
  }

  /** One after another: a stream would join them into one write, which other processes could get in between. */
  #wait(unwritten: readonly Buffer[], events: WriteEvents): void {
    this.#unwritten = unwritten
    const [chunk] = unwritten
    if (chunk === undefined) return events.onDone(undefined)
    try {
      this.#waiter ??= this.#openWaiter()
    } catch (error) {
      return this.#fail(errorOf(error), events)
    }
    this.#waiter.write(chunk, (error) => {
      if (error) return this.#fail(error, events)
      events.onWritten(1)
      this.#wait(unwritten.slice(1), events)
    })
  }

  #fail(error: Error, events: WriteEvents): void {
    this.#unwritten = []
    events.onDone(error)
  }

  close(): void {
    this.#waiter?.destroy()
    closeSync(this.#fd)
  }

  /** epoll tells it when the pipe has room; polling would cost an exception each time. Closes its descriptor itself. */
  #openWaiter(): Socket {
    const waiter = new Socket({ fd: openAgain(this.#givenFd), readable: false, writable: true })
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

const retryAfterMs = 50

/**
 * What takes a write at once or says EAGAIN, and is asked again soon, then ever less often: sockets, terminals; and files, where little is
 * written. Node would watch a socket for us, but only one of several who have it.
 */
class PatientOutput implements LogOutput {
  readonly chunksPerWrite = chunksPerDirectWrite
  readonly #fd: number
  #unwritten: readonly Buffer[] = []
  #pauseMs = 1

  constructor(fd: number) {
    this.#fd = fd
  }

  write(chunks: readonly Buffer[], events: WriteEvents): void {
    const { written, rest, error } = writeNow(this.#fd, chunks)
    this.#unwritten = rest
    events.onWritten(written)
    this.#pauseMs = written > 0 ? 1 : Math.min(2 * this.#pauseMs, retryAfterMs)
    if (isFull(error)) return void setTimeout(() => this.write(this.#unwritten, events), this.#pauseMs).unref()
    this.#unwritten = []
    events.onDone(error)
  }

  writeLast(chunks: readonly Buffer[], patienceMs: number): void {
    writeWaiting(this.#fd, [...this.#unwritten, ...chunks], patienceMs)
  }

  /** One that was opened again is left to the end of the process: there is one of them. */
  close(): void {
    this.#unwritten = []
  }
}

/** Written by a thread of libuv's pool, which alone waits where it blocks: files, and what cannot be had without waiting. */
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
      if (isFull(error)) return void setTimeout(() => this.write(chunks, events), retryAfterMs).unref()
      if (error) return events.onDone(error)
      const rest = withoutFirst(written, chunks)
      events.onWritten(chunks.length - rest.length)
      if (rest.length === 0) events.onDone(undefined)
      else this.write(rest, events)
    })
  }

  /** What the thread has, it writes: Node waits for it. */
  writeLast(chunks: readonly Buffer[], patienceMs: number): void {
    if (this.#isFile) writeWaiting(this.#fd, chunks, patienceMs)
  }

  /** The descriptor is not ours. */
  close(): void {}
}
