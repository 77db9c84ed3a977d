import { trimSpace } from './head-syntax.ts'

/**
 * Header fields of one message, in the form in which they came: as a flat list, [name, value, name, value, …], or as the lines of a
 * head, `Name: value\r\n…`. The other form is made when somebody asks for it. Bytes are characters (latin1) in both, order and
 * duplicates survive.
 */
export class Fields {
  #list: readonly string[] | undefined
  #lines: string | undefined

  private constructor(list: readonly string[] | undefined, lines: string | undefined) {
    this.#list = list
    this.#lines = lines
  }

  static ofList(list: readonly string[]): Fields {
    return new Fields(list, undefined)
  }

  /** Each line ends in CRLF, has a colon, and a value without white space around it. */
  static ofLines(lines: string): Fields {
    return new Fields(undefined, lines)
  }

  get list(): readonly string[] {
    this.#list ??= listOf(this.#lines ?? '')
    return this.#list
  }

  get lines(): string {
    this.#lines ??= linesOf(this.#list ?? [])
    return this.#lines
  }
}

function listOf(lines: string): readonly string[] {
  const list: string[] = []
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf('\r\n', at)
    const colon = lines.indexOf(':', at)
    list.push(lines.slice(at, colon), trimSpace(lines.slice(colon + 1, end)))
    at = end + 2
  }
  return list
}

function linesOf(list: readonly string[]): string {
  let lines = ''
  for (let i = 0; i + 1 < list.length; i += 2) lines += `${list[i]}: ${list[i + 1]}\r\n`
  return lines
}

/** Of lines, the value of the only field of that name; undefined where there is none or more than one. */
export function singleField(lines: string, lowerName: string): string | undefined {
  let found: string | undefined
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r\n', colon)
    if (colon - at === lowerName.length && lines.slice(at, colon).toLowerCase() === lowerName) {
      if (found !== undefined) return undefined
      found = trimSpace(lines.slice(colon + 1, end))
    }
    at = end + 2
  }
  return found
}
