import { openLogOutput } from '../log-output.ts'
import { LogSink } from '../log-sink.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { fieldsFormat } from './access-log-fields.ts'
import { formatJsonLine } from './access-log-json.ts'
import { formatCombinedLine, formatIngressNginxLine } from './access-log-text.ts'
import type { ProxyOptions } from './proxy-options.ts'

/** Makes one line with its end, in ASCII, of at most `maxLineBytes`. */
type Format = (entry: AccessLogEntry) => string

type AccessLogOptions = Pick<ProxyOptions, 'accessLog' | 'accessLogFields'>

const standardOutput = 1

/** undefined where there shall be none: who has an entry to tell asks first, and makes it only then. */
export function openAccessLog(options: AccessLogOptions): AccessLog | undefined {
  const format = formatOf(options)
  if (format === undefined) return undefined
  const sink = new LogSink({ output: openLogOutput(standardOutput, 'much') })
  return new AccessLog({ format, isTimed: isTimed(options), sink })
}

function formatOf({ accessLog, accessLogFields }: AccessLogOptions): Format | undefined {
  switch (accessLog) {
    case 'off':
      return undefined
    case 'json':
      return accessLogFields.length === 0 ? formatJsonLine : fieldsFormat(accessLogFields)
    case 'combined':
      return formatCombinedLine
    case 'ingress-nginx':
      return formatIngressNginxLine
    default:
      accessLog satisfies never
  }
}

function isTimed({ accessLog, accessLogFields }: AccessLogOptions): boolean {
  if (accessLog !== 'json') return false
  return accessLogFields.length === 0 || accessLogFields.includes('firstByteDuration')
}

/** One line for each exchange of this process. */
export class AccessLog {
  /** It tells when answers begin, which costs a look at the clock for each. */
  readonly isTimed: boolean
  readonly #format: Format
  readonly #sink: LogSink

  constructor({
    format,
    isTimed,
    sink,
  }: { readonly format: Format; readonly isTimed: boolean; readonly sink: LogSink }) {
    this.#format = format
    this.isTimed = isTimed
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
