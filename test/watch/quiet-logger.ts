import type { Logger } from '../../src/log.ts'

export type LogLine = { readonly level: string; readonly message: string; readonly fields: object }

/** Keeps the lines for a test to look at. */
export function recordingLogger(lines: LogLine[] = []): Logger {
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields })
  }
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  }
  return logger
}
