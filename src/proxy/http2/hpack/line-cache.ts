import { flatText } from '../../flat-text.ts'

const mostLines = 512
const longestLine = 256

/** What the encodings of a generation take at most; they stand one behind the other. */
const generationBytes = 65_536

/** Where one stands, in one number: from << 9 | length. */
const lengthBits = 9
const mostLength = 2 ** lengthBits - 1

type Generation = { readonly places: Map<string, number>; readonly bytes: Buffer; used: number }

/**
 * From a field line to its encoding. Kept in two generations: where the young one is full, the old one is forgotten and the young one
 * grows old; a line that is found in the old one moves to the young one. So those in use stay, and it cannot grow.
 */
export class LineCache {
  #young = generation()
  #old = generation()
  /** Marks of lines that came once: a line is kept from its second time on, for most that differ in each answer never come again. */
  readonly #once = new Int32Array(2048)

  /** Copies the line's encoding to `target` and gives where it ends. -1: it is not known. There is room for the longest. */
  copy(line: string, target: Uint8Array, at: number): number {
    if (line.length > longestLine) return -1
    const young = this.#young.places.get(line)
    if (young !== undefined) return copyPlace(this.#young.bytes, young, target, at)
    const old = this.#old.places.get(line)
    if (old === undefined) return -1
    const end = copyPlace(this.#old.bytes, old, target, at)
    this.#keep(line, target, at, end)
    return end
  }

  /** A line that was not known, and what it was encoded to. */
  offer(line: string, bytes: Uint8Array, from: number, to: number): void {
    if (line.length > longestLine || to - from > mostLength) return
    const mark = markOf(line)
    const slot = mark & (this.#once.length - 1)
    if (this.#once[slot] === mark) this.#keep(line, bytes, from, to)
    else this.#once[slot] = mark
  }

  #keep(line: string, bytes: Uint8Array, from: number, to: number): void {
    if (this.#young.places.size === mostLines || this.#young.used + to - from > generationBytes) this.#turn()
    const { places, bytes: kept, used } = this.#young
    kept.set(bytes.subarray(from, to), used)
    // A slice would keep the whole head that it is of.
    places.set(flatText(line), (used << lengthBits) | (to - from))
    this.#young.used = used + to - from
  }

  #turn(): void {
    const forgotten = this.#old
    forgotten.places.clear()
    forgotten.used = 0
    this.#old = this.#young
    this.#young = forgotten
  }
}

/** What a line's encoding takes at most. */
export const mostCachedBytes = mostLength

function generation(): Generation {
  return { places: new Map(), bytes: Buffer.allocUnsafeSlow(generationBytes), used: 0 }
}

function copyPlace(bytes: Uint8Array, place: number, target: Uint8Array, at: number): number {
  const from = place >>> lengthBits
  const length = place & mostLength
  // A call costs more than a short loop.
  if (length > 48) target.set(bytes.subarray(from, from + length), at)
  else for (let i = 0; i < length; i++) target[at + i] = bytes[from + i] ?? 0
  return at + length
}

/** Lines of one mark are few: what differs in each answer mostly differs at its end. */
function markOf(line: string): number {
  let mark = line.length
  for (let i = Math.max(0, line.length - 16); i < line.length; i++)
    mark = (Math.imul(mark, 31) + line.charCodeAt(i)) | 0
  return mark
}
