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

/** What is known of a name in the table. */
export type StaticName = {
  /** The lowest of its indexes. */
  readonly index: number
  /** Indexes by value; undefined: there is no entry with a value. */
  readonly values: ReadonlyMap<string, number> | undefined
  /** RFC 7541 section 7.1.3: a secret that nobody may probe a table for. */
  readonly isSecret: boolean
}

const secrets: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie'])

export const staticNames: ReadonlyMap<string, StaticName> = new Map(
  [...Map.groupBy(staticFields.keys(), (i) => staticFields[i]?.name ?? '')].map(([name, places]) => {
    const valued = places.filter((i) => staticFields[i]?.value !== '')
    const values = new Map(valued.map((i) => [staticFields[i]?.value ?? '', i + 1]))
    return [
      name,
      { index: (places[0] ?? 0) + 1, values: values.size > 0 ? values : undefined, isSecret: secrets.has(name) },
    ]
  }),
)
