import { Octets, wordBytes } from './octets.ts'

const shortestLine = wordBytes
const longestLine = 256
const mostLines = 512
/** Lines and what they are encoded to, one behind the other. */
const generationBytes = 65_536
/** Four times as many slots as lines, so that most are found at once. */
const slotCount = 4 * mostLines
/** Whoever makes up lines that meet in one slot makes nobody look at more than these. */
const mostProbes = 8
/** Marks of lines that came: so many of them that few lines have one by chance. */
const markCount = 32_768
const mostMarks = markCount / 4
const multiplier = 0x9e3779b1

/**
 * From a field line to its encoding. Two generations: where the young one is full, the old one is forgotten and the young one grows
 * old; a line that is found in the old one moves to the young one. So those in use stay, and it cannot grow.
 */
export class LineCache {
  #young = new Generation()
  #old = new Generation()
  /** A line is kept from its second time on: most that differ in each answer never come again. */
  readonly #marks = new Uint8Array(markCount)
  #marked = 0

  /** Copies the line's encoding to `target` and gives where it ends. -1: it is not known. There must be room for any line's. */
  copy(hash: number, line: DataView, from: number, length: number, target: DataView, at: number): number {
    const young = this.#young.find(hash, line, from, length)
    if (young >= 0) return this.#young.copy(young, target, at)
    const old = this.#old.find(hash, line, from, length)
    if (old < 0) return -1
    const end = this.#old.copy(old, target, at)
    this.#keep(hash, line, from, length, target, at, end)
    return end
  }

  /** A line that was not known, and what it was encoded to. */
  offer(hash: number, line: DataView, from: number, length: number, target: DataView, at: number, end: number): void {
    if (this.#hasMark(hash)) this.#keep(hash, line, from, length, target, at, end)
  }

  /** Leaves one where there is none. */
  #hasMark(hash: number): boolean {
    const place = hash & (markCount - 1)
    if (this.#marks[place] === 1) return true
    if (this.#marked === mostMarks) {
      this.#marks.fill(0)
      this.#marked = 0
    }
    this.#marks[place] = 1
    this.#marked++
    return false
  }

  #keep(hash: number, line: DataView, from: number, length: number, target: DataView, at: number, end: number): void {
    if (!this.#young.hasRoom(length + end - at)) {
      const forgotten = this.#old
      forgotten.clear()
      this.#old = this.#young
      this.#young = forgotten
    }
    this.#young.add(hash, line, from, length, target, at, end)
  }
}

/** Whether a line of that many bytes may be known, now or later. */
export function isCacheable(length: number): boolean {
  return length >= shortestLine && length <= longestLine
}

/** Of a cacheable line. */
export function hashOf(line: DataView, from: number, length: number): number {
  const last = from + length - wordBytes
  let hash = length
  for (let at = from; at < last; at += wordBytes) hash = mixed(hash, line.getInt32(at, true))
  hash = mixed(hash, line.getInt32(last, true))
  return hash ^ (hash >>> 16)
}

/** A product's low bits know nothing of the word's high ones, hence the turn. */
function mixed(hash: number, word: number): number {
  return Math.imul(((hash << 13) | (hash >>> 19)) ^ word, multiplier)
}

class Generation {
  readonly #octets = new Octets(generationBytes)
  /** Number of a line, counted from 1. */
  readonly #slots = new Uint16Array(slotCount)
  readonly #hashes = new Int32Array(mostLines)
  /** Where the line stands; its encoding is behind it. */
  readonly #froms = new Uint32Array(mostLines)
  readonly #lineLengths = new Uint16Array(mostLines)
  readonly #lengths = new Uint16Array(mostLines)
  #count = 0
  #used = 0

  /** -1: it is not here. */
  find(hash: number, line: DataView, from: number, length: number): number {
    for (let probe = 0; probe < mostProbes; probe++) {
      const number = (this.#slots[(hash + probe) & (slotCount - 1)] ?? 0) - 1
      if (number < 0) return -1
      if (
        this.#hashes[number] === hash &&
        this.#lineLengths[number] === length &&
        this.#isAt(number, line, from, length)
      )
        return number
    }
    return -1
  }

  #isAt(number: number, line: DataView, from: number, length: number): boolean {
    const kept = this.#octets.view
    const start = this.#froms[number] ?? 0
    for (let at = 0; at < length - wordBytes; at += wordBytes) {
      if (kept.getInt32(start + at, true) !== line.getInt32(from + at, true)) return false
    }
    return kept.getInt32(start + length - wordBytes, true) === line.getInt32(from + length - wordBytes, true)
  }

  copy(number: number, target: DataView, at: number): number {
    const from = (this.#froms[number] ?? 0) + (this.#lineLengths[number] ?? 0)
    return copyWords(this.#octets.view, from, this.#lengths[number] ?? 0, target, at)
  }

  hasRoom(bytes: number): boolean {
    return this.#count < mostLines && this.#used + bytes + wordBytes <= generationBytes
  }

  /** Not kept where its slots are taken. */
  add(hash: number, line: DataView, from: number, length: number, target: DataView, at: number, end: number): void {
    for (let probe = 0; probe < mostProbes; probe++) {
      const slot = (hash + probe) & (slotCount - 1)
      if (this.#slots[slot] !== 0) continue
      const number = this.#count++
      this.#slots[slot] = number + 1
      this.#hashes[number] = hash
      this.#froms[number] = this.#used
      this.#lineLengths[number] = length
      this.#lengths[number] = end - at
      const behind = copyWords(line, from, length, this.#octets.view, this.#used)
      this.#used = copyWords(target, at, end - at, this.#octets.view, behind)
      return
    }
  }

  clear(): void {
    this.#slots.fill(0)
    this.#count = 0
    this.#used = 0
  }
}

function copyWords(source: DataView, from: number, length: number, target: DataView, at: number): number {
  for (let i = 0; i < length; i += wordBytes) target.setInt32(at + i, source.getInt32(from + i, true), true)
  return at + length
}
