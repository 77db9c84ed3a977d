import { type LogOutput, maxLineBytes } from './log-output.ts'

type LogSinkOptions = {
  readonly output: LogOutput
  /** Of lines that wait because the output takes no more; what comes then is dropped. */
  readonly maxBytes?: number
  /** 0: a line is out when `append` returns, if the output takes it. */
  readonly flushAfterMs?: number
  /** For how long the end of the process may wait for what is left, where nobody has called `close`. */
  readonly patienceMs?: number
}

type Chunk = { readonly buffer: Buffer; readonly length: number; readonly lines: number }

const chunkBytes = maxLineBytes
const defaultMaxBytes = 4 * 1024 * 1024
const defaultFlushAfterMs = 200
/** Between a failed write (disk full, nobody reads any more) and the next. */
const pauseMs = 1_000
const closeDeadlineMs = 1_000
const maxSpares = 32

/** Collects lines and writes them in chunks of whole ones. Never waits, never throws: what has no room is counted and gone. */
export class LogSink {
  readonly #output: LogOutput
  readonly #maxChunks: number
  readonly #flushAfterMs: number
  readonly #patienceMs: number
  readonly #queue: Chunk[] = []
  readonly #spares: Buffer[] = []
  #current: Buffer = Buffer.allocUnsafeSlow(chunkBytes)
  #used = 0
  #lines = 0
  /** The output has chunks that it has not written yet, or failed a moment ago. */
  #busy = false
  #flushDue = false
  #flushTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  #onEmpty: (() => void) | undefined
  #closed = false
  #appended = 0
  #written = 0
  #dropped = 0

  constructor({
    output,
    maxBytes = defaultMaxBytes,
    flushAfterMs = defaultFlushAfterMs,
    patienceMs = 0,
  }: LogSinkOptions) {
    this.#output = output
    this.#maxChunks = Math.ceil(maxBytes / chunkBytes)
    this.#flushAfterMs = flushAfterMs
    this.#patienceMs = patienceMs
    process.once('exit', this.#onExit)
  }

  /** Lines that the output has taken. */
  get written(): number {
    return this.#written
  }

  get dropped(): number {
    return this.#dropped
  }

  /** One line with its end, of at most `maxLineBytes`: each character stands for the byte of its number. */
  append(line: string): void {
    this.#appended++
    const { length } = line
    if (this.#closed || (this.#used + length > chunkBytes && (length > chunkBytes || !this.#turn()))) {
      this.#dropped++
      return
    }
    this.#current.write(line, this.#used, length, 'latin1')
    this.#used += length
    this.#lines++
    if (this.#flushAfterMs === 0) this.#flush()
    else if (this.#flushTimer === undefined && !this.#flushDue) {
      this.#flushTimer = setTimeout(this.#onFlushTimer, this.#flushAfterMs).unref()
    }
  }

  /** Writes what it has, as far as the output takes it within a second. What is appended later is dropped. */
  close(): Promise<void> {
    this.#closing ??= this.#finish()
    return this.#closing
  }

  /** Makes room for the next line. False: there is none. */
  #turn(): boolean {
    if (this.#queue.length >= this.#maxChunks) return false
    this.#queue.push({ buffer: this.#current, length: this.#used, lines: this.#lines })
    this.#current = this.#spares.pop() ?? Buffer.allocUnsafeSlow(chunkBytes)
    this.#used = 0
    this.#lines = 0
    this.#pump(this.#output.chunksPerWrite)
    return true
  }

  /** Hands chunks to the output if it has none and at least so many wait. */
  #pump(least: number): void {
    if (this.#busy || this.#queue.length < least) return
    this.#busy = true
    const chunks = this.#queue.splice(0, this.#output.chunksPerWrite)
    const buffers = chunks.map(({ buffer, length }) => buffer.subarray(0, length))
    let done = 0
    this.#output.write(buffers, {
      onWritten: (count) => {
        if (!this.#closed) this.#written += linesOf(chunks.slice(done, done + count))
        done += count
      },
      onDone: (error) => {
        if (this.#closed) return
        for (const { buffer } of chunks) if (this.#spares.length < maxSpares) this.#spares.push(buffer)
        this.#dropped += linesOf(chunks.slice(done))
        if (error === undefined) this.#proceed()
        else setTimeout(this.#proceed, pauseMs).unref()
      },
    })
  }

  readonly #proceed = (): void => {
    if (this.#closed) return
    this.#busy = false
    if (this.#flushDue) this.#flush()
    else this.#pump(this.#output.chunksPerWrite)
    this.#tellIfEmpty()
  }

  readonly #onFlushTimer = (): void => {
    this.#flushTimer = undefined
    this.#flush()
  }

  #flush(): void {
    if (!this.#busy) {
      // Behind more than one write, a chunk can as well get full while it waits.
      if (this.#used > 0 && this.#queue.length < this.#output.chunksPerWrite) this.#turn()
      this.#pump(1)
    }
    this.#flushDue = this.#queue.length > 0 || this.#used > 0
  }

  #tellIfEmpty(): void {
    if (!this.#busy && this.#queue.length === 0 && this.#used === 0) this.#onEmpty?.()
  }

  async #finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, closeDeadlineMs)
      this.#onEmpty = () => {
        clearTimeout(deadline)
        resolve()
      }
      this.#flush()
      this.#tellIfEmpty()
    })
    this.#closed = true
    this.#dropped = this.#appended - this.#written
    process.off('exit', this.#onExit)
    clearTimeout(this.#flushTimer)
    this.#output.close()
  }

  /** The process ends without a `close`: what can be said at once is said. */
  readonly #onExit = (): void => {
    const left = this.#queue.map(({ buffer, length }) => buffer.subarray(0, length))
    if (this.#used > 0) left.push(this.#current.subarray(0, this.#used))
    this.#output.writeLast(left, this.#patienceMs)
  }
}

function linesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { lines }) => sum + lines, 0)
}
