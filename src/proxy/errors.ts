import type { UpstreamErrorReason } from './counters.ts'

/** What an attempt ended with, seen from the request: enough to decide on a retry and on an answer. */
export type UpstreamFailure = {
  readonly reason: UpstreamErrorReason
  /** False only where it is certain that the endpoint has not seen one byte of the request. */
  readonly requestSent: boolean
  readonly message: string
}

/** 504 where the endpoint was too slow, 502 where it was not there or talked nonsense. */
export function statusFor(failure: UpstreamFailure): 502 | 504 {
  switch (failure.reason) {
    case 'connect-timeout':
    case 'head-timeout':
    case 'body-timeout':
    case 'endpoint-silent':
      return 504
    default:
      return 502
  }
}

const reasonByCode: Readonly<Record<string, UpstreamErrorReason>> = {
  ECONNREFUSED: 'connect-refused',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ECONNECT_TIMEOUT: 'connect-timeout',
  ETIMEDOUT: 'connect-timeout',
  HEADGATE_ENDPOINT_SILENT: 'endpoint-silent',
  HEADGATE_HEAD_TIMEOUT: 'head-timeout',
  HEADGATE_BODY_TIMEOUT: 'body-timeout',
  HEADGATE_BAD_RESPONSE: 'bad-response',
  HEADGATE_STREAM_REFUSED: 'stream-refused',
  UND_ERR_HEADERS_TIMEOUT: 'head-timeout',
  UND_ERR_BODY_TIMEOUT: 'body-timeout',
  UND_ERR_HEADERS_OVERFLOW: 'bad-response',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad-response',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'bad-response',
}

/** A connect that is given up, in the words of undici. */
export function connectTimeoutError(): Error {
  return Object.assign(new Error('no answer to the connect'), { code: 'UND_ERR_CONNECT_TIMEOUT' })
}

/** The endpoint was connected, and its host does not answer any more. */
export function endpointSilentError(): Error {
  return Object.assign(new Error('the host of the endpoint does not answer'), { code: 'HEADGATE_ENDPOINT_SILENT' })
}

export function headTimeoutError(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'HEADGATE_HEAD_TIMEOUT' })
}

export function bodyTimeoutError(): Error {
  return Object.assign(new Error('the answer stopped in its body'), { code: 'HEADGATE_BODY_TIMEOUT' })
}

/** What came is no answer that can be passed on. */
export function badResponseError(why: string): Error {
  return Object.assign(new Error(`malformed response: ${why}`), { code: 'HEADGATE_BAD_RESPONSE' })
}

/** An HTTP/2 endpoint says that it has not begun with the request: it is full, or about to go. */
export function streamRefusedError(): Error {
  return Object.assign(new Error('the endpoint took no more requests'), { code: 'HEADGATE_STREAM_REFUSED' })
}

/** Node's own checks of what we were about to pass on. */
const refusedByNode = /^ERR_(HTTP|HTTP2|INVALID)_/

/** undici reports a response that breaks off with these; which of the two texts says that it was malformed. */
const malformedSocketErrors = new Set(['bad response', 'bad upgrade'])

export function describeFailure(error: Error, requestSent: boolean, headReceived: boolean): UpstreamFailure {
  return { reason: reasonOf(error, requestSent, headReceived), requestSent, message: error.message }
}

function reasonOf(error: Error, requestSent: boolean, headReceived: boolean): UpstreamErrorReason {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = reasonByCode[code]
  if (known !== undefined && !(known === 'connect-timeout' && requestSent)) return known
  // llhttp's errors carry their own codes (HPE_…), or none at all for some: the name tells.
  if (error.name === 'HTTPParserError' || code.startsWith('HPE_') || malformedSocketErrors.has(error.message)) {
    return 'bad-response'
  }
  if (refusedByNode.test(code)) return 'bad-response'
  if (headReceived) return 'reset-in-body'
  return requestSent ? 'reset-before-head' : 'connect-failed'
}
