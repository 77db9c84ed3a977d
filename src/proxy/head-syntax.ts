// What the readers of request and response heads share: which bytes may stand where (RFC 9110 section 5.6.2 and 5.5).

/** RFC 9110 section 5.6.2: names and methods. */
export const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** 1 for the characters of a token, by code. */
export const isTokenCode: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  token.test(String.fromCharCode(code)) ? 1 : 0,
)

/**
 * Names by length and first letter. Most fields of a head are told apart from all of these by two look-ups, without a string of their
 * own in lower case.
 */
export class NameFilter {
  readonly #marks = new Uint8Array(64 * 32)

  constructor(lowerNames: Iterable<string>) {
    for (const name of lowerNames) this.#marks[markOf(name.length, name.charCodeAt(0))] = 1
  }

  /** False: it is certainly none of them. `code` is that of the first letter, in either case. */
  mayHave(length: number, code: number): boolean {
    return length < 64 && this.#marks[markOf(length, code)] === 1
  }
}

/**
 * Whether the characters at `at` are this name, in any case. The length has been compared. Of a token nothing but letters changes
 * when bit 5 is set, save for `^`, `@` and the like, which no name that is looked for has.
 */
export function isNameAt(text: string, at: number, lowerName: string): boolean {
  for (let i = 0; i < lowerName.length; i++) {
    const code = lowerName.charCodeAt(i)
    const found = text.charCodeAt(at + i)
    if (found !== code && !(code >= 0x61 && (found | 0x20) === code)) return false
  }
  return true
}

function markOf(length: number, code: number): number {
  return (length << 5) | (code & 31)
}

/** The lines of a head that pass on: whole unchanged runs of it, without the lines that were dropped between them. */
export class PassingLines {
  readonly #text: string
  #passed = ''
  #from: number

  constructor(text: string, from: number) {
    this.#text = text
    this.#from = from
  }

  /** Leaves out what stands from `start` up to `next`. Lines are dropped in their order. */
  drop(start: number, next: number): void {
    if (start > this.#from) this.#passed += this.#text.slice(this.#from, start)
    this.#from = next
  }

  upTo(end: number): string {
    return end > this.#from ? this.#passed + this.#text.slice(this.#from, end) : this.#passed
  }
}

/** Without spaces and tabs around it; String's own `trim` takes more away, the byte A0 for one. */
export function trimSpace(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpaceCode(text.charCodeAt(from))) from++
  while (to > from && isSpaceCode(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

export function isSpaceCode(code: number): boolean {
  return code === 0x20 || code === 0x09
}
