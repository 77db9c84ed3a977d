import { FrameReader } from '../support/frame-reader.ts'
import * as frames from '../support/frames.ts'
import { below, oneIn, pick, type Random } from '../support/random.ts'
import type { Sample } from './corpus.ts'

/** A connection as its frames; the first piece is the preface, the last may be no whole frame. */
type Pieces = Buffer[]

type Mutation = (pieces: Pieces, random: Random, corpus: readonly Sample[]) => void

const maxBytes = 200_000

function divide(bytes: Buffer): Pieces {
  const pieces: Pieces = [bytes.subarray(0, frames.preface.length)]
  const reader = new FrameReader()
  let at = frames.preface.length
  for (const { payload } of reader.push(bytes.subarray(at))) {
    pieces.push(bytes.subarray(at, at + 9 + payload.length))
    at += 9 + payload.length
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at))
  return pieces
}

const at = (pieces: Pieces, random: Random): number => below(random, pieces.length)

/** A copy of one piece, to be changed, in its place. */
function own(pieces: Pieces, random: Random): Buffer {
  const i = at(pieces, random)
  const copy = Buffer.from(pieces[i] ?? Buffer.alloc(0))
  pieces[i] = copy
  return copy
}

const wildValues = [
  0, 1, 2, 0x3fff, 0x4000, 0x4001, 0xffff, 0x1_0000, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
]
const blockPieces = [
  '80',
  '3fe11f',
  '20',
  '3fffffffff7f',
  'ffffffffff',
  'be',
  '82',
  '84ffffffff',
  '0000',
  '400a',
  '0f0d0130',
  '1f',
]
const streamIds = [0, 1, 2, 3, 5, 7, 15, 0x7fff_ffff, 0x8000_0001]

function anyFrame(random: Random): Buffer {
  const id = pick(random, streamIds)
  const wild = pick(random, wildValues)
  const bytes = Buffer.alloc(below(random, 20), below(random, 256))
  return pick(random, [
    () => frames.windowUpdate(id, wild),
    () => frames.resetStream(id, wild),
    () => frames.settingsFrame([[below(random, 10), wild]]),
    () => frames.settingsAck,
    () => frames.ping(wild, below(random, 2)),
    () => frames.goaway(wild, below(random, 14)),
    () => frames.priority(id, wild),
    () => frames.priorityUpdate(id, pick(random, ['u=0', 'i', 'u=9, i=?0', '"', ''])),
    () => frames.data(id, bytes, { end: oneIn(random, 3), padding: oneIn(random, 3) ? below(random, 256) : undefined }),
    () => frames.frame(frames.frameType.continuation, below(random, 256), id, bytes),
    () => frames.frame(frames.frameType.headers, below(random, 256), id, bytes),
    () => frames.frame(frames.frameType.pushPromise, 4, id, bytes),
    () => frames.frame(below(random, 256), below(random, 256), id, bytes),
  ])()
}

const mutations: readonly Mutation[] = [
  (pieces, random) => {
    const piece = own(pieces, random)
    const i = below(random, piece.length)
    piece[i] = (piece[i] ?? 0) ^ (1 << below(random, 8))
  },
  (pieces, random) => {
    const piece = own(pieces, random)
    piece[below(random, piece.length)] = pick(random, [0, 1, 0x7f, 0x80, 0xff, below(random, 256)])
  },
  // The head of a frame: length, type, flags, stream.
  (pieces, random) => {
    const piece = own(pieces, random)
    if (piece.length < 9) return
    const field = below(random, 4)
    if (field === 0) piece.writeUIntBE(pick(random, wildValues) & 0xff_ffff, 0, 3)
    else if (field === 1) piece[3] = pick(random, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 255])
    else if (field === 2) piece[4] = below(random, 256)
    else piece.writeUInt32BE(pick(random, streamIds), 5)
  },
  (pieces, random) => {
    pieces.splice(at(pieces, random), 1)
  },
  (pieces, random) => {
    const piece = pieces[at(pieces, random)]
    if (piece === undefined) return
    const times = oneIn(random, 5) ? below(random, 60) : 1
    pieces.splice(at(pieces, random), 0, ...Array.from({ length: times }, () => piece))
  },
  (pieces, random) => {
    const [piece] = pieces.splice(at(pieces, random), 1)
    if (piece !== undefined) pieces.splice(at(pieces, random), 0, piece)
  },
  (pieces, random) => {
    pieces.splice(1 + at(pieces, random), 0, anyFrame(random))
  },
  (pieces, random, corpus) => {
    const other = divide(pick(random, corpus).bytes)
    pieces.splice(1 + at(pieces, random), 0, ...other.slice(1 + below(random, other.length)))
  },
  // The payload of a frame whose length stays right: header lists above all.
  (pieces, random) => {
    const i = at(pieces, random)
    const piece = pieces[i]
    if (piece === undefined || piece.length < 10) return
    const from = 9 + below(random, piece.length - 8)
    const removed = oneIn(random, 2) ? 0 : below(random, 5)
    const added = Buffer.from(oneIn(random, 3) ? '' : pick(random, blockPieces), 'hex')
    const payload = Buffer.concat([piece.subarray(9, from), added, piece.subarray(from + removed)])
    pieces[i] = frames.frame(piece[3] ?? 0, piece[4] ?? 0, piece.readUInt32BE(5), payload)
  },
  // A header list in two frames.
  (pieces, random) => {
    const i = at(pieces, random)
    const piece = pieces[i]
    if (piece === undefined || piece.length < 10 || piece[3] !== frames.frameType.headers) return
    const from = 9 + below(random, piece.length - 8)
    const id = piece.readUInt32BE(5)
    const head = frames.frame(
      frames.frameType.headers,
      (piece[4] ?? 0) & ~frames.flag.endHeaders,
      id,
      piece.subarray(9, from),
    )
    pieces.splice(i, 1, head, frames.frame(frames.frameType.continuation, 4, id, piece.subarray(from)))
  },
  (pieces, random) => {
    const i = at(pieces, random)
    const piece = pieces[i] ?? Buffer.alloc(0)
    pieces[i] = piece.subarray(0, below(random, piece.length + 1))
    if (oneIn(random, 2)) pieces.length = i + 1
  },
]

/** One of the corpus with one to five changes, mostly few: the more there are, the sooner a connection ends. */
export function mutate(corpus: readonly Sample[], random: Random): Buffer {
  const pieces = divide(pick(random, corpus).bytes)
  for (let changes = 1 + below(random, 1 + below(random, 5)); changes > 0 && pieces.length > 0; changes--) {
    pick(random, mutations)(pieces, random, corpus)
  }
  return Buffer.concat(pieces).subarray(0, maxBytes)
}
