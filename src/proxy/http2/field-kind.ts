import { isSpaceCode, isTokenCode } from '../head-syntax.ts'
import type { HeaderField } from './hpack/header-field.ts'

/** What RFC 9113 section 8.2 and 8.3 have rules about. Kept with a field (`HeaderField.kind`), so that it is looked at once. */
export const fieldKind = {
  unknown: 0,
  /** Makes a message malformed, whatever else it says. */
  malformed: 1,
  method: 2,
  scheme: 3,
  authority: 4,
  path: 5,
  /** RFC 8441 section 4. */
  protocol: 6,
  status: 7,
  /** All from here on are not pseudo-header fields. */
  regular: 8,
  host: 9,
  cookie: 10,
  contentLength: 11,
  priority: 12,
} as const

export const firstRegularKind = fieldKind.regular

const kinds: ReadonlyMap<string, number> = new Map([
  [':method', fieldKind.method],
  [':scheme', fieldKind.scheme],
  [':authority', fieldKind.authority],
  [':path', fieldKind.path],
  [':protocol', fieldKind.protocol],
  [':status', fieldKind.status],
  ['host', fieldKind.host],
  ['cookie', fieldKind.cookie],
  ['content-length', fieldKind.contentLength],
  ['priority', fieldKind.priority],
])

/** RFC 9113 section 8.2.2: they speak of a connection of HTTP/1.1. */
const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

const colon = 0x3a

export function kindOf(field: HeaderField): number {
  if (field.kind === fieldKind.unknown) field.kind = classify(field.name, field.value)
  return field.kind
}

function classify(name: string, value: string): number {
  if (!isFieldValue(value)) return fieldKind.malformed
  const known = kinds.get(name)
  if (known !== undefined) return known
  if (!isFieldName(name) || connectionSpecific.has(name)) return fieldKind.malformed
  // Section 8.2.2: the one thing that `te` may say.
  return name === 'te' && value !== 'trailers' ? fieldKind.malformed : fieldKind.regular
}

/** A token of RFC 9110 section 5.6.2 without upper-case letters: stricter than RFC 9113 section 8.2.1, and what HTTP/1.1 takes. */
function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (isTokenCode[code] !== 1 || (code >= 0x41 && code <= 0x5a)) return false
  }
  return name !== '' && name.charCodeAt(0) !== colon
}

/** RFC 9113 section 8.2.1, and no other control characters, as in HTTP/1.1 (RFC 9110 section 5.5). */
function isFieldValue(value: string): boolean {
  const { length } = value
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return false
  }
  return length === 0 || !(isSpaceCode(value.charCodeAt(0)) || isSpaceCode(value.charCodeAt(length - 1)))
}
