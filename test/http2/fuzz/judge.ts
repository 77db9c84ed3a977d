import { defaultLimits, type Http2Limits } from '../../../src/proxy/http2/limits.ts'
import { below, oneIn, pick, type Random } from '../support/random.ts'
import { Subject } from './subject.ts'
import type { Manner } from './watched-user.ts'

/** What came of some bytes: the same however they are cut. */
export type Outcome = {
  readonly requests: readonly string[]
  readonly frames: readonly string[]
  readonly isEnded: boolean
  readonly reached: readonly string[]
}

const plain: Manner = { takes: true, hints: false, answerBytes: 100, trailers: undefined }

/** Limits that a few frames reach. */
const narrow: Http2Limits = {
  ...defaultLimits,
  streams: 4,
  headerListBytes: 600,
  headerFields: 12,
  headerBlockBytes: 1_500,
  continuations: 3,
  headerTableBytes: 256,
  streamWindow: 1_000,
  connectionWindow: 3_000,
  unreadBytes: 6_000,
  resets: { burst: 3, perSecond: 1 },
  streamErrors: { burst: 3, perSecond: 1 },
  idleFrames: { burst: 15, perSecond: 1 },
}

/**
 * Gives these pieces to a connection and answers the requests when all have come, so that what the client said is judged alone: an answer
 * in between closes its stream at another moment for each way of cutting. Throws where a rule is broken.
 */
export function readPieces(pieces: readonly Buffer[]): Outcome {
  const subject = new Subject({ limits: defaultLimits, mannerOf: () => plain })
  for (const piece of pieces) {
    subject.receive(piece)
    subject.take()
  }
  const { isEnded } = subject.connection
  for (const user of subject.users) user.answer()
  // Whether one that the client gave up was handed on is for the way of cutting to say.
  const requests = subject.users.filter(({ isReset }) => !isReset).map(({ text }) => text)
  subject.close()
  if (subject.fault !== undefined) throw new Error(subject.fault)
  return { requests, frames: subject.check.log, isEnded, reached: subject.reached }
}

/** Gives them to one with narrow limits whose users, clock and socket do all that they may, at random. Throws where a rule is broken. */
export function useAtRandom(bytes: Buffer, random: Random): void {
  const mannerOf = (): Manner => ({
    takes: oneIn(random, 2),
    hints: oneIn(random, 4),
    answerBytes: pick(random, [0, 1, 5_000, 30_000, 100_000]),
    trailers: oneIn(random, 4) ? 'x-sum: 1\r\n' : undefined,
  })
  const subject = new Subject({ limits: oneIn(random, 2) ? narrow : defaultLimits, mannerOf })
  for (const piece of cutAtRandom(bytes, random)) {
    subject.receive(piece)
    disturb(subject, random)
  }
  for (const user of subject.users) {
    user.answer()
    user.take()
  }
  subject.connection.setUnread(0)
  subject.close()
  if (subject.fault !== undefined) throw new Error(subject.fault)
}

function disturb(subject: Subject, random: Random): void {
  const { connection, users, clock } = subject
  for (const user of users) {
    const act = below(random, 20)
    if (act < 6) user.answer()
    else if (act < 12) user.take()
    else if (act === 12) user.breakOff(2)
  }
  if (oneIn(random, 2)) subject.take()
  if (oneIn(random, 5)) connection.setUnread(pick(random, [0, 1_000, 1_000_000]))
  if (oneIn(random, 20)) connection.announceEnd()
  if (oneIn(random, 40)) connection.drain()
  if (!oneIn(random, 10)) return
  clock.now += pick(random, [1, 1_000, 30_000, 100_000])
  connection.checkTimes({ idleMs: 75_000, stallMs: 60_000 })
}

export function cutAtRandom(bytes: Buffer, random: Random): readonly Buffer[] {
  const pieces: Buffer[] = []
  // Byte by byte only what is short, or little would be tried.
  const most = pick(random, bytes.length < 1_000 ? [1, 10, 100] : [30, 500, 5_000])
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + below(random, most)
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}
