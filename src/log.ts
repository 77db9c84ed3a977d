import { type DestinationStream, pino, stdSerializers, stdTimeFunctions } from 'pino'
import { shortLogLine } from './log-line.ts'
import { openLogOutput } from './log-output.ts'
import { LogSink } from './log-sink.ts'

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

function streamOf({ format, write = writeToStandardOutput }: LogOptions): DestinationStream {
  return { write: (line) => write(format === 'json' ? shortLogLine(line) : formatLine(shortLogLine(line))) }
}

const maxWaitingBytes = 1024 * 1024
/** What is said last before the process ends is what one looks for. */
const patienceMs = 1_000

/** One for all loggers of a process. */
let sink: LogSink | undefined

/** Never waits: a reader that has stopped must not stop who carries traffic. */
function writeToStandardOutput(line: string): void {
  sink ??= new LogSink({ output: openLogOutput(1, 'little'), maxBytes: maxWaitingBytes, flushAfterMs: 0, patienceMs })
  sink.append(bytesOf(line))
}

/** Lines for standard output that this process has left out. */
export function droppedLogLines(): number {
  return sink?.dropped ?? 0
}

/** A bug ends the process, as it does by itself. But what Node says of it to standard error waits for a reader, and is no line. */
export function logFatalErrors(log: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    log.error({ error, origin }, 'fatal error')
    process.exit(1)
  })
}

/** A character for each byte of UTF-8. */
function bytesOf(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1')
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
