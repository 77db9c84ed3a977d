import { isRecord } from '../is-record.ts'

/** The API server answered, but not with what was asked for. */
export class ApiError extends Error {
  /** HTTP status, or the `code` of an ERROR event. */
  readonly status: number
  /** `Conflict`, `Expired`; empty if the answer was no Status object. */
  readonly reason: string
  /** What the server asks to wait (429 and 503). Milliseconds; undefined: it does not say. */
  readonly retryAfterMs: number | undefined

  constructor(options: { status: number; reason: string; message: string; retryAfterMs?: number | undefined }) {
    super(`${options.status} ${options.message}`)
    this.name = 'ApiError'
    this.status = options.status
    this.reason = options.reason
    this.retryAfterMs = options.retryAfterMs
  }
}

/** From a Status object, which is the body of an HTTP error and the object of an ERROR event. */
export function toApiError(status: number, body: unknown, retryAfter?: string): ApiError {
  const { reason, message } = isRecord(body) ? body : { reason: undefined, message: undefined }
  const seconds = Number(retryAfter)
  return new ApiError({
    status,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : 'the API server gave no reason',
    retryAfterMs: retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
  })
}

export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof ApiError && statuses.includes(error.status)
}
