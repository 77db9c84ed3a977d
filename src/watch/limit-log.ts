import type { Logger } from '../log.ts'

/**
 * A function that warns at once, and then at most once in this time, with the number of lines left out: an API server
 * that is away for an hour fails every kind many times a minute, always for the same reason.
 */
export function limitWarnings(logger: Logger, intervalMs: number): (fields: object, message: string) => void {
  let nextMs = 0
  let left = 0
  return (fields, message) => {
    const nowMs = performance.now()
    if (nowMs < nextMs) {
      left += 1
      return
    }
    logger.warn({ ...fields, ...(left > 0 && { moreSince: left }) }, message)
    nextMs = nowMs + intervalMs
    left = 0
  }
}
