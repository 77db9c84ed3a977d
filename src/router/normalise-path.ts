// The only place that says which request paths are the same. docs/reference/paths.md says it for users; the two agree.
//
// Rules are matched against the MATCH form: escapes decoded, `//` merged, dot segments removed, an encoded separator
// counted as a separator. It is what the most lenient upstream could take the path for, so that no spelling of a
// protected prefix slips past its rule. Upstreams get the FORWARD form, as close to what was sent as is safe: registries
// and object stores need `%2f` and `//` untouched. It has the same match form, so what was authorised is what is sent.

export type NormalisedPath = {
  /** Without query: what rules are matched against. */
  readonly match: string
  /** With query: what goes upstream. */
  readonly forward: string
}

type Segment = {
  /** The separator before it, as sent: `/`, `%2f`, `%5C`. */
  readonly separator: string
  /** As it is forwarded: unreserved escapes decoded (RFC 3986 §6.2.2.2), others as sent. */
  readonly sent: string
  readonly match: string
}

const slash = 0x2f
const dot = 0x2e
const percent = 0x25
const question = 0x3f

/** `target` is in origin form (RFC 9112 §3.2.1). `undefined`: to be answered with 400. */
export function normalisePath(target: string): NormalisedPath | undefined {
  if (target.charCodeAt(0) !== slash) return undefined
  let isPlain = true
  let end = 0
  for (let before = 0; end < target.length; end += 1) {
    const code = target.charCodeAt(end)
    if (code === question) break
    if (isForbidden(code) || code === 0x5c) return undefined
    if (code === percent || (before === slash && (code === slash || code === dot))) isPlain = false
    before = code
  }
  for (let at = end; at < target.length; at += 1) if (isForbidden(target.charCodeAt(at))) return undefined
  const path = end === target.length ? target : target.slice(0, end)
  if (isPlain) return { match: path, forward: target }
  return normaliseSegments(path, target.slice(end))
}

/** The path of a rule in match form; `undefined` for one that no request can have. */
export function normaliseRulePath(path: string): string | undefined {
  if (!path.isWellFormed() || path.includes('?')) return undefined
  return normalisePath(path.replace(/[ \u0080-\u{10ffff}]/gu, (text) => encodeURIComponent(text)))?.match
}

/** Controls, space, `#`, DEL and all that is not ASCII: none of it is allowed in a target (RFC 9112 §3.2, RFC 3986 §3.3). */
function isForbidden(code: number): boolean {
  return code <= 0x20 || code === 0x23 || code >= 0x7f
}

function normaliseSegments(path: string, query: string): NormalisedPath | undefined {
  const segments = splitSegments(path)
  if (segments === undefined) return undefined
  const kept: { readonly segment: Segment; readonly isBesideEncoded: boolean }[] = []
  let hasDots = false
  let last: Segment | undefined
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1
    const isBesideEncoded = isEncoded(segment) || isEncoded(segments[at + 1])
    const { match } = segment
    // Tomcat and others cut a path parameter off before they resolve dots: `/public/..;/admin` would be `/admin` there.
    if (match.startsWith('.;') || match.startsWith('..;')) return undefined
    if (match === '.' || match === '..') {
      // Upstreams disagree on whether this is a dot segment at all, so neither answer is safe.
      if (isBesideEncoded) return undefined
      hasDots = true
      // `isBesideEncoded`: upstreams disagree on how much there is to go up from.
      if (match === '..' && kept.pop()?.isBesideEncoded !== false) return undefined
      if (isLast) last = { separator: '/', sent: '', match: '' }
    } else if (match !== '') kept.push({ segment, isBesideEncoded })
    else if (isLast) last = segment
  }
  const clean = kept.map(({ segment }) => segment)
  if (last !== undefined) clean.push(last)
  return {
    match: clean.map(({ match }) => `/${match}`).join(''),
    forward: joinSent(hasDots ? clean : segments) + query,
  }
}

function isEncoded(segment: Segment | undefined): boolean {
  return segment !== undefined && segment.separator !== '/'
}

function joinSent(segments: readonly Segment[]): string {
  return segments.map(({ separator, sent }, at) => (at === 0 ? '/' : separator) + sent).join('')
}

/** `undefined` for a malformed escape and for `%00`. */
function splitSegments(path: string): readonly Segment[] | undefined {
  const segments: Segment[] = []
  let separator = '/'
  let sent = ''
  let match = ''
  for (let at = 1; at < path.length; at += 1) {
    const char = path.charAt(at)
    const text = char === '%' ? path.slice(at, at + 3) : char
    const code = char === '%' ? escapedCode(text) : path.charCodeAt(at)
    if (code === undefined || code === 0) return undefined
    at += text.length - 1
    if (code === slash || code === 0x5c) {
      segments.push({ separator, sent, match })
      separator = text
      sent = ''
      match = ''
      continue
    }
    const plain = String.fromCharCode(code)
    sent += isUnreserved(code) ? plain : text
    // `%25` stays, or `%2541` would become an escape that nobody sent.
    match += char !== '%' || (code > 0x20 && code < 0x7f && code !== percent) ? plain : text.toUpperCase()
  }
  segments.push({ separator, sent, match })
  return segments
}

function escapedCode(text: string): number | undefined {
  return /^%[0-9a-fA-F]{2}$/.test(text) ? Number.parseInt(text.slice(1), 16) : undefined
}

function isUnreserved(code: number): boolean {
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
  return isLetter || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === dot || code === 0x5f || code === 0x7e
}
