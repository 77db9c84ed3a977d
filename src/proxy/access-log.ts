import { openLogOutput } from '../log-output.ts'
import { LogSink } from '../log-sink.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { formatJsonLine } from './access-log-json.ts'
import type { AccessLogFormat } from './proxy-options.ts'

type Format = (entry: AccessLogEntry) => string

/** Each makes one line with its end, in ASCII, of at most `maxLineBytes`. */
const formats: Readonly<Record<Exclude<AccessLogFormat, 'off'>, Format>> = { json: formatJsonLine }

const standardOutput = 1

/** undefined where there shall be none: who has an entry to tell asks first, and makes it only then. */
export function openAccessLog(format: AccessLogFormat): AccessLog | undefined {
  if (format === 'off') return undefined
  return new AccessLog({
    format: formats[format],
    sink: new LogSink({ output: openLogOutput(standardOutput, 'much') }),
  })
}

/** One line for each exchange of this process. */
export class AccessLog {
  readonly #format: Format
  readonly #sink: LogSink

  constructor({ format, sink }: { readonly format: Format; readonly sink: LogSink }) {
    this.#format = format
    this.#sink = sink
  }

  write(entry: AccessLogEntry): void {
    this.#sink.append(this.#format(entry))
  }

  /** Lines that standard output has taken. */
  get written(): number {
    return this.#sink.written
  }

  /** Lines that were left out. */
  get dropped(): number {
    return this.#sink.dropped
  }

  /** Writes what it has, as far as standard output takes it within a second. */
  close(): Promise<void> {
    return this.#sink.close()
  }
}
