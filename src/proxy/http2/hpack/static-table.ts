import { HeaderField } from './header-field.ts'

/** RFC 7541 appendix A, in its order. */
const table: readonly (readonly [name: string, value?: string])[] = [
  [':authority'],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset'],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language'],
  ['accept-ranges'],
  ['accept'],
  ['access-control-allow-origin'],
  ['age'],
  ['allow'],
  ['authorization'],
  ['cache-control'],
  ['content-disposition'],
  ['content-encoding'],
  ['content-language'],
  ['content-length'],
  ['content-location'],
  ['content-range'],
  ['content-type'],
  ['cookie'],
  ['date'],
  ['etag'],
  ['expect'],
  ['expires'],
  ['from'],
  ['host'],
  ['if-match'],
  ['if-modified-since'],
  ['if-none-match'],
  ['if-range'],
  ['if-unmodified-since'],
  ['last-modified'],
  ['link'],
  ['location'],
  ['max-forwards'],
  ['proxy-authenticate'],
  ['proxy-authorization'],
  ['range'],
  ['referer'],
  ['refresh'],
  ['retry-after'],
  ['server'],
  ['set-cookie'],
  ['strict-transport-security'],
  ['transfer-encoding'],
  ['user-agent'],
  ['vary'],
  ['via'],
  ['www-authenticate'],
]

/** The entry of index i stands at i - 1. Shared by all connections. */
export const staticFields: readonly HeaderField[] = table.map(([name, value]) => new HeaderField(name, value ?? ''))

export const staticCount = staticFields.length

/** By name, the lowest index. Entries of one name stand together. */
const firstIndexes: ReadonlyMap<string, number> = new Map(
  staticFields.map((field, i): [string, number] => [field.name, i + 1]).reverse(),
)

/** The lowest index of the name; 0: it is in no entry. */
export function staticNameIndex(name: string): number {
  return firstIndexes.get(name) ?? 0
}

/** The index of the entry with that value, among those of the name whose lowest index is given; 0: there is none. */
export function staticFieldIndex(nameIndex: number, value: string): number {
  const name = staticFields[nameIndex - 1]?.name
  for (let i = nameIndex; i <= staticCount; i++) {
    const field = staticFields[i - 1]
    if (field === undefined || field.name !== name) return 0
    if (field.value === value) return i
  }
  return 0
}
