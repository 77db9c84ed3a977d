import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../problem.ts'
import { mergeHost } from './hosts.ts'
import { catchAll, type IngressPart } from './ingress.ts'
import type { PartChange } from './ingress-index.ts'
import { MultiMap } from './multi-map.ts'
import { compareText } from './shape.ts'
import { suffixHash } from './suffix-hash.ts'
import type { Host, HostTable, Route, WildcardIndex } from './table.ts'

/** Hosts of the last table; only those that an Ingress with a change names are merged again. */
export class HostIndex {
  readonly problems = new Map<string, readonly Problem[]>()
  readonly #parts = new MultiMap<string, IngressPart>()
  readonly #lastResort: Route | undefined
  #table: HostTable

  constructor(lastResort: Route | undefined) {
    this.#lastResort = lastResort
    const rest = lastResort && mergeHost(catchAll, [], lastResort).host
    this.#table = { exact: new Map(), oneLabel: new Map(), anyLabel: new Map(), rest }
  }

  /** The same object as last time as long as it holds the same. */
  update(changes: readonly PartChange[]): HostTable {
    const names = new Set<string>()
    for (const { before, after } of changes) {
      for (const name of before?.hosts.keys() ?? []) names.add(name)
      for (const name of after?.hosts.keys() ?? []) names.add(name)
      for (const name of before?.hosts.keys() ?? []) if (before !== undefined) this.#parts.delete(name, before)
      for (const name of after?.hosts.keys() ?? []) if (after !== undefined) this.#parts.add(name, after)
    }
    const merged = new Map<string, Host | undefined>()
    for (const name of names) {
      const before = hostNamed(this.#table, name)
      const after = this.#merge(name)
      if (!isDeepEqual(before, after)) merged.set(name, after)
    }
    this.#table = withHosts(this.#table, merged)
    return this.#table
  }

  #merge(name: string): Host | undefined {
    const parts = this.#parts.get(name) ?? []
    const isKnown = this.#parts.get(name) !== undefined || (name === catchAll && this.#lastResort !== undefined)
    const { host, problems } = mergeHost(name, parts, this.#lastResort)
    if (problems.length > 0) this.problems.set(name, problems)
    else this.problems.delete(name)
    return isKnown ? host : undefined
  }
}

function isDeepEqual(a: Host | undefined, b: Host | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isDeepStrictEqual(a, b)
}

function hostNamed(table: HostTable, name: string): Host | undefined {
  if (name === catchAll) return table.rest
  if (!name.startsWith('*.')) return table.exact.get(name)
  return table.oneLabel.get(suffixHash(name, 2))?.find((host) => host.name === name)
}

/** The table with these hosts put in, or taken out where the value is `undefined`; the same table for no hosts. */
function withHosts(table: HostTable, hosts: ReadonlyMap<string, Host | undefined>): HostTable {
  if (hosts.size === 0) return table
  const wildcards = new Map<string, Host | undefined>()
  const names = new Map<string, Host | undefined>()
  let { rest } = table
  for (const [name, host] of hosts) {
    if (name === catchAll) rest = host
    else if (name.startsWith('*.')) wildcards.set(name, host)
    else names.set(name, host)
  }
  return {
    exact: withNames(table.exact, names),
    oneLabel: withWildcards(table.oneLabel, wildcards),
    anyLabel: table.anyLabel,
    rest,
  }
}

function withNames(
  exact: ReadonlyMap<string, Host>,
  names: ReadonlyMap<string, Host | undefined>,
): ReadonlyMap<string, Host> {
  if (names.size === 0) return exact
  const copy = new Map(exact)
  for (const [name, host] of names) {
    if (host === undefined) copy.delete(name)
    else copy.set(name, host)
  }
  return copy
}

export function withWildcards(index: WildcardIndex, hosts: ReadonlyMap<string, Host | undefined>): WildcardIndex {
  if (hosts.size === 0) return index
  const copy = new Map(index)
  for (const [name, host] of hosts) {
    const hash = suffixHash(name, 2)
    const others = (copy.get(hash) ?? []).filter((other) => other.name !== name)
    const all = host === undefined ? others : [...others, host].sort((a, b) => compareText(a.name, b.name))
    if (all.length === 0) copy.delete(hash)
    else copy.set(hash, all)
  }
  return copy
}
