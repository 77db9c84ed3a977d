import { type DestinationStream, destination, pino, stdSerializers, stdTimeFunctions } from 'pino'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export const logFormats = ['json', 'text'] as const
export type LogFormat = (typeof logFormats)[number]

/**
 * The message is constant and says what happened; what it happened to goes into the fields, so that lines can be counted
 * and searched. An Error goes under the field `error`.
 */
export type Logger = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** A logger that adds these fields to every line. */
  child(fields: object): Logger
}

export type LogOptions = {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Takes whole lines. Default: standard output, where container runtimes collect logs. */
  readonly write?: (line: string) => void
}

export function createLogger(options: LogOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: stdSerializers.err },
    },
    streamOf(options),
  )
}

function streamOf({ format, write = standardOutput() }: LogOptions): DestinationStream {
  return { write: format === 'json' ? write : (line) => write(formatLine(line)) }
}

// Synchronous: what is said last before the process ends is what one looks for.
function standardOutput(): (line: string) => void {
  const stream = destination({ dest: 1, sync: true })
  return (line) => {
    stream.write(line)
  }
}

/** `2026-11-21T12:00:00.000Z WARN  message key=value key="two words"`, an error's stack below it. */
function formatLine(line: string): string {
  const { level, time, message, ...fields }: Record<string, unknown> = JSON.parse(line)
  let text = `${time} ${String(level).toUpperCase().padEnd(5)} ${message}`
  let stack = ''
  for (const [key, value] of Object.entries(fields)) {
    if (key === 'error' && isSerializedError(value)) {
      text += ` error=${JSON.stringify(value.message)}`
      stack = `\n${value.stack}`
    } else {
      text += ` ${key}=${formatValue(value)}`
    }
  }
  return `${text}${stack}\n`
}

function isSerializedError(value: unknown): value is { message: string; stack: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value
}

function formatValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value)
}
