import { errorCode } from '../support/frames.ts'
import { below, oneIn, pick, type Random } from '../support/random.ts'

/** What one request sends, what it is answered, and what goes wrong. */
export type Script = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  readonly upload: 'none' | 'length' | 'free'
  readonly uploadSize: number
  /** Bytes of one DATA frame; some are padded, and some empty. */
  readonly piece: number
  readonly isPadded: boolean
  /** How the upload ends: with its last DATA, an empty one behind it, or trailers. */
  readonly ending: 'data' | 'empty' | 'trailers'
  readonly expects: boolean
  readonly headParts: number
  readonly headBytes: number
  /** How the endpoint answers. */
  readonly answer: 'length' | 'chunked' | 'close' | 'echo' | 'none'
  readonly status: 200 | 204 | 304
  readonly size: number
  readonly writes: number
  readonly pauseMs: number
  readonly isEarly: boolean
  readonly hints: number
  readonly hasTrailers: boolean
  /** So many that the head needs CONTINUATION. */
  readonly isHuge: boolean
  readonly fault: 'none' | 'before' | 'within'
  /** When the client takes what came: as it comes, in drips, or only when the other side can send no more. */
  readonly taking: 'at once' | 'drips' | 'late'
  readonly abortsAt: 'never' | 'at once' | 'upload' | 'head' | 'body' | 'end'
  readonly abortCode: number
}

const sizes = [0, 1, 100, 4_096, 16_384, 16_385, 70_000, 200_000]
const uploadSizes = [0, 1, 1_000, 16_384, 65_535, 65_536, 150_000]

export function newScript(random: Random): Script {
  const script = anyScript(random)
  const { method, answer, size, fault } = script
  // An answer without a body is whole at once: the reset behind it would be one of the next request on that connection.
  const isWhole = method === 'HEAD' || answer === 'none' || (answer === 'length' && size === 0)
  return isWhole && fault === 'within' ? { ...script, fault: 'none' } : script
}

function anyScript(random: Random): Script {
  const method = pick(random, ['GET', 'GET', 'HEAD', 'POST', 'PUT', 'PUT'] as const)
  const hasUpload = method === 'POST' || method === 'PUT'
  const upload = hasUpload ? pick(random, ['length', 'free', 'free'] as const) : 'none'
  const uploadSize = hasUpload ? pick(random, uploadSizes) : 0
  const answer = answerFor(random, method, hasUpload)
  return {
    method,
    upload,
    uploadSize,
    // At most some forty frames: a flood is what the attacks are for.
    piece: Math.max(Math.ceil(uploadSize / 40), pick(random, [1, 100, 5_000, 16_384])),
    isPadded: oneIn(random, 4),
    ending: pick(random, ['data', 'data', 'empty', 'trailers'] as const),
    expects: hasUpload && uploadSize > 0 && oneIn(random, 8),
    headParts: oneIn(random, 4) ? 2 + below(random, 5) : 1,
    headBytes: oneIn(random, 6) ? below(random, 8_000) : 0,
    answer,
    status: answer === 'none' ? pick(random, [204, 304] as const) : 200,
    size: answer === 'none' ? 0 : pick(random, sizes),
    writes: 1 + below(random, 8),
    pauseMs: pick(random, [0, 0, 0, 1, 5, 30]),
    // With `close` the endpoint would cut the upload off, and with it what of its answer is on the way.
    isEarly: hasUpload && answer !== 'echo' && answer !== 'close' && oneIn(random, 4),
    hints: oneIn(random, 8) ? 1 + below(random, 2) : 0,
    hasTrailers: answer === 'chunked' && method !== 'HEAD' && oneIn(random, 2),
    isHuge: oneIn(random, 10),
    fault: pick(random, ['none', 'none', 'none', 'none', 'none', 'none', 'none', 'none', 'before', 'within'] as const),
    taking: pick(random, ['at once', 'at once', 'drips', 'late'] as const),
    abortsAt: oneIn(random, 4) ? pick(random, ['at once', 'upload', 'head', 'body', 'end'] as const) : 'never',
    abortCode: pick(random, [errorCode.cancel, errorCode.cancel, errorCode.none, errorCode.internal]),
  }
}

function answerFor(random: Random, method: Script['method'], hasUpload: boolean): Script['answer'] {
  // A body that ends with its connection can be neither cut short for HEAD nor told from one that was broken off.
  if (method === 'HEAD') return pick(random, ['length', 'chunked', 'none'] as const)
  const kinds = ['length', 'length', 'chunked', 'chunked', 'close', 'none'] as const
  return hasUpload && oneIn(random, 2) ? 'echo' : pick(random, kinds)
}

/** Nobody else's bytes look like it. */
export function bodyOf(id: string, size: number): Buffer {
  return Buffer.alloc(size, `${id}.`)
}

export const uploadOf = (id: string, { uploadSize }: Script): Buffer => bodyOf(`up-${id}`, uploadSize)

/** What the client is to get if nothing goes wrong. */
export function answerOf(id: string, script: Script): Buffer {
  return script.answer === 'echo' ? uploadOf(id, script) : bodyOf(id, lengthOf(script))
}

export function lengthOf({ method, answer, size, uploadSize }: Script): number {
  if (method === 'HEAD' || answer === 'none') return 0
  return answer === 'echo' ? uploadSize : size
}

const hugeValue = 'huge-'.repeat(120)

/** More than one frame of 16,384 bytes holds. */
export const hugeFields: readonly (readonly [string, string])[] = Array.from(
  { length: 40 },
  (_, i) => [`x-huge-${i}`, `${hugeValue}${i}`] as const,
)

/** One without surprises, to be changed. */
export const steady: Script = {
  method: 'PUT',
  upload: 'free',
  uploadSize: 0,
  piece: 16_384,
  isPadded: false,
  ending: 'data',
  expects: false,
  headParts: 1,
  headBytes: 0,
  answer: 'length',
  status: 200,
  size: 0,
  writes: 4,
  pauseMs: 0,
  isEarly: false,
  hints: 0,
  hasTrailers: false,
  isHuge: false,
  fault: 'none',
  taking: 'at once',
  abortsAt: 'never',
  abortCode: errorCode.cancel,
}
