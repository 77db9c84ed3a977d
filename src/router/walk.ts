import { suffixHash } from './suffix-hash.ts'
import type {
  Condition,
  Host,
  HostTable,
  NamedCondition,
  PathEntry,
  PrefixEntry,
  Question,
  Route,
  RoutingTable,
  WildcardIndex,
} from './table.ts'

export type HostKind = 'exact' | 'wildcard' | 'rest'
export type EntryKind = 'exact' | 'prefix' | 'fallback'
export type Verdict = 'taken' | 'not-whole-segment' | 'condition-failed' | 'less-specific'

/** Is told what the walk sees. With one, the walk goes on after it has found its route, to tell what else would fit. */
export interface Trace {
  host(host: Host, kind: HostKind): void
  entry(entry: PathEntry, kind: EntryKind, route: Route, verdict: Verdict): void
}

/**
 * The route of a request: one host is chosen first, and there is no way back from it; then an exact path, then prefixes
 * from the longest to the shortest, then the host's fallback. Without a trace nothing is allocated.
 */
export function walk(table: RoutingTable, question: Question, trace?: Trace): Route | undefined {
  const hosts = table.listeners.get(question.listener)?.hosts
  const host = hosts && chooseHost(hosts, question.host)
  if (hosts === undefined || host === undefined) return undefined
  trace?.host(host, host === hosts.rest ? 'rest' : host.name.startsWith('*.') ? 'wildcard' : 'exact')
  return walkPaths(host, question, trace)
}

function chooseHost(hosts: HostTable, name: string): Host | undefined {
  const exact = hosts.exact.get(name)
  if (exact !== undefined) return exact
  const firstDot = name.indexOf('.')
  if (firstDot > 0) {
    const wildcard = hosts.oneLabel.size > 0 ? findWildcard(hosts.oneLabel, name, firstDot) : undefined
    if (wildcard !== undefined) return wildcard
    if (hosts.anyLabel.size > 0) {
      for (let at = firstDot; at > 0; at = name.indexOf('.', at + 1)) {
        const suffix = findWildcard(hosts.anyLabel, name, at)
        if (suffix !== undefined) return suffix
      }
    }
  }
  return hosts.rest
}

/** The wildcard host `*` + what `name` has from the dot at `from` on. */
function findWildcard(index: WildcardIndex, name: string, from: number): Host | undefined {
  const hosts = index.get(suffixHash(name, from + 1))
  if (hosts === undefined) return undefined
  for (const host of hosts) if (isWildcardOf(host.name, name, from)) return host
  return undefined
}

function isWildcardOf(wildcard: string, name: string, from: number): boolean {
  if (wildcard.length - 1 !== name.length - from) return false
  for (let at = name.length - 1; at >= from; at -= 1) {
    if (name.charCodeAt(at) !== wildcard.charCodeAt(at - from + 1)) return false
  }
  return true
}

function walkPaths(host: Host, question: Question, trace: Trace | undefined): Route | undefined {
  const { path } = question
  const exact = host.exact.get(path)
  let taken = exact && take(exact, 'exact', question, undefined, trace)
  if (taken !== undefined && trace === undefined) return taken
  let at = floorIndex(host.prefixes, path)
  while (at >= 0) {
    const entry = host.prefixes[at]
    if (entry === undefined) break
    if (isSegmentPrefix(entry.path, path)) {
      taken = take(entry, 'prefix', question, taken, trace)
      if (taken !== undefined && trace === undefined) return taken
    } else if (trace !== undefined && path.startsWith(entry.path)) tell(trace, entry, 'prefix', 'not-whole-segment')
    at = entry.parent
  }
  return host.fallback === undefined ? taken : take(host.fallback, 'fallback', question, taken, trace)
}

/** The route taken so far, or the first candidate of this entry whose condition holds. */
function take(
  entry: PathEntry,
  kind: EntryKind,
  question: Question,
  taken: Route | undefined,
  trace: Trace | undefined,
): Route | undefined {
  let result = taken
  for (const { route, condition } of entry.candidates) {
    if (result !== undefined) {
      trace?.entry(entry, kind, route, 'less-specific')
      continue
    }
    const holds = condition === undefined || isMet(condition, question)
    trace?.entry(entry, kind, route, holds ? 'taken' : 'condition-failed')
    if (!holds) continue
    if (trace === undefined) return route
    result = route
  }
  return result
}

function tell(trace: Trace, entry: PathEntry, kind: EntryKind, verdict: Verdict): void {
  for (const { route } of entry.candidates) trace.entry(entry, kind, route, verdict)
}

/** Index of the greatest entry that is not behind `path`; every entry that `path` begins with is it or one of its parents. */
function floorIndex(prefixes: readonly PrefixEntry[], path: string): number {
  let low = 0
  let high = prefixes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = prefixes[middle]
    if (entry !== undefined && entry.path <= path) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Kubernetes compares prefixes element by element: `/aaa/bb` is none of `/aaa/bbb`. */
function isSegmentPrefix(prefix: string, path: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f)
}

function isMet({ methods, headers, query, cookies }: Condition, question: Question): boolean {
  if (methods !== undefined && !methods.includes(question.method)) return false
  return (
    holds(headers, (name) => question.header(name)) &&
    holds(query, (name) => question.query(name)) &&
    holds(cookies, (name) => question.cookie(name))
  )
}

function holds(conditions: readonly NamedCondition[], read: (name: string) => string | undefined): boolean {
  return conditions.every(({ name, value }) => read(name) === value)
}
