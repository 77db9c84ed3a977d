import { huffmanDecode } from './huffman-decoder.ts'

const nothing: Buffer = Buffer.alloc(0)

/** Where Huffman code is decoded to before it becomes a string. What does not fit gets a place of its own. */
const scratch: Buffer = Buffer.allocUnsafeSlow(32_768)

/** RFC 7541 section 5.1: integers that are longer or larger than what any of ours stands for are an attack. */
const mostContinuations = 4
const largestInteger = 2 ** 28

/** Reads what header blocks are made of. */
export class BlockReader {
  #bytes = nothing
  #at = 0
  #to = 0

  begin(bytes: Buffer, from: number, to: number): void {
    this.#bytes = bytes
    this.#at = from
    this.#to = to
  }

  /** Lets go of the bytes, which are not the reader's. */
  end(): void {
    this.begin(nothing, 0, 0)
  }

  get done(): boolean {
    return this.#at >= this.#to
  }

  /** The octet that comes next; not when done. */
  get next(): number {
    return this.#bytes[this.#at] ?? 0
  }

  /** RFC 7541 section 5.1. `prefix` is the prefix all ones. -1: cut off, or too large. */
  integer(prefix: number): number {
    if (this.#at >= this.#to) return -1
    const first = (this.#bytes[this.#at++] ?? 0) & prefix
    return first < prefix ? first : this.#continued(prefix)
  }

  #continued(prefix: number): number {
    let value = prefix
    for (let i = 0; i < mostContinuations && this.#at < this.#to; i++) {
      const octet = this.#bytes[this.#at++] ?? 0
      value += (octet & 0x7f) * 2 ** (7 * i)
      if (octet < 0x80) return value <= largestInteger ? value : -1
    }
    return -1
  }

  /** RFC 7541 section 5.2. Undefined: cut off, or not Huffman code. */
  string(): string | undefined {
    const huffman = this.next >= 0x80
    const length = this.integer(0x7f)
    if (length < 0 || length > this.#to - this.#at) return undefined
    const from = this.#at
    this.#at += length
    return huffman ? this.#decoded(from) : this.#bytes.toString('latin1', from, this.#at)
  }

  #decoded(from: number): string | undefined {
    const room = (this.#at - from) * 2
    const target = room <= scratch.length ? scratch : Buffer.allocUnsafeSlow(room)
    const length = huffmanDecode(this.#bytes, from, this.#at, target)
    return length < 0 ? undefined : target.toString('latin1', 0, length)
  }
}
