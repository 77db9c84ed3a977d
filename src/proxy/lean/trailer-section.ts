import { Fields } from '../fields.ts'
import { token, trimSpace } from '../head-syntax.ts'

export type DecoderOutcome = 'more' | 'end' | 'malformed'

const maxBytes = 16 * 1024
const maxFields = 100
const lf = 0x0a

/** RFC 9110 section 5.5: text, obs-text, and white space between. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** The fields behind a chunked body (RFC 9112 section 7.1.2), wherever their bytes are cut, up to the empty line and with it. */
export class TrailerSection {
  /** Where it ended in the last input. */
  position = 0
  /** Why it is malformed. */
  problem = ''
  /** Of a line whose end is still to come. */
  #begun = ''
  #bytes = 0
  readonly #list: string[] = []

  get fields(): Fields | undefined {
    return this.#list.length === 0 ? undefined : Fields.ofList(this.#list)
  }

  feed(input: Buffer, from: number, end: number): DecoderOutcome {
    let at = from
    while (at < end) {
      const found = input.indexOf(lf, at)
      const isWhole = found >= 0 && found < end
      const till = isWhole ? found + 1 : end
      this.#bytes += till - at
      if (this.#bytes > maxBytes) return this.#refuse('trailers too long')
      const line = this.#begun + input.toString('latin1', at, till)
      this.#begun = isWhole ? '' : line
      at = till
      const cr = line.indexOf('\r')
      if (isWhole ? cr !== line.length - 2 : cr >= 0 && cr < line.length - 1) {
        return this.#refuse('a line of trailers that does not end in CRLF')
      }
      if (!isWhole) return 'more'
      if (cr === 0) {
        this.position = at
        return 'end'
      }
      if (!this.#take(line.slice(0, cr))) return 'malformed'
    }
    return 'more'
  }

  #take(line: string): boolean {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    const value = line.slice(colon + 1)
    // A continued line (obs-fold) begins with white space, which is no name either.
    if (!token.test(name)) this.#refuse('a trailer without a name')
    else if (!fieldValue.test(value)) this.#refuse('a control character in a trailer')
    else if (this.#list.length >= 2 * maxFields) this.#refuse('too many trailers')
    else this.#list.push(name, trimSpace(value))
    return this.problem === ''
  }

  #refuse(problem: string): DecoderOutcome {
    this.problem = problem
    return 'malformed'
  }
}
