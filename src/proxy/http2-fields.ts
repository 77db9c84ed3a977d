import type { OutgoingHttpHeaders } from 'node:http2'
import type { Fields } from './fields.ts'
import { trimSpace } from './head-syntax.ts'

/** Names as endpoints write them, by names in lower case. Endpoints are few, but what one of them writes is not ours to choose. */
const lowerNames = new Map<string, string>()
const maxNames = 1_000
const maxNameLength = 64

/** [name, value, …] behind what the list has already; names in lower case (RFC 9113 section 8.2.1). */
export function addFields(list: string[], { lines }: Fields): string[] {
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r\n', colon)
    // HTTP/1.1 allows white space around a value; in HTTP/2 it makes the whole answer malformed (RFC 9113 section 8.2.1).
    list.push(lowerName(lines.slice(at, colon)), trimSpace(lines.slice(colon + 1, end)))
    at = end + 2
  }
  return list
}

/** For those calls of node:http2 that take no list. */
export function fieldsObject(list: readonly string[]): OutgoingHttpHeaders {
  const object: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = list[i] ?? ''
    const value = list[i + 1] ?? ''
    const known = object[name]
    if (known === undefined) object[name] = value
    else if (Array.isArray(known)) known.push(value)
    else object[name] = [known, value]
  }
  return object
}

function lowerName(name: string): string {
  const known = lowerNames.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  if (name.length <= maxNameLength && lowerNames.size < maxNames) lowerNames.set(name, lower)
  return lower
}
