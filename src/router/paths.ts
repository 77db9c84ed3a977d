import { compareText } from './shape.ts'
import type { Candidate, PathEntry, PrefixEntry } from './table.ts'

export type CompiledPaths = {
  readonly exact: ReadonlyMap<string, PathEntry>
  readonly prefixes: readonly PrefixEntry[]
}

/** Paths in match form, prefixes without trailing slash; each path at most once in each of the two. */
export function compilePaths(
  exact: ReadonlyMap<string, readonly Candidate[]>,
  prefixes: ReadonlyMap<string, readonly Candidate[]>,
): CompiledPaths {
  const entries = new Map<string, PathEntry>()
  for (const path of [...exact.keys()].sort(compareText)) {
    entries.set(path, { path, candidates: exact.get(path) ?? [] })
  }
  return { exact: entries, prefixes: linkParents(prefixes) }
}

/**
 * The parent is the longest entry that a path begins with as TEXT, not by segments: `/ab` is the parent of `/abc`. Only so
 * does the way up from the greatest entry not behind a request path meet every entry that this path begins with.
 */
function linkParents(prefixes: ReadonlyMap<string, readonly Candidate[]>): readonly PrefixEntry[] {
  const entries: PrefixEntry[] = []
  const ancestors: number[] = []
  for (const path of [...prefixes.keys()].sort(compareText)) {
    while (ancestors.length > 0 && !path.startsWith(entries[ancestors.at(-1) ?? -1]?.path ?? '')) ancestors.pop()
    entries.push({ path, candidates: prefixes.get(path) ?? [], parent: ancestors.at(-1) ?? -1 })
    ancestors.push(entries.length - 1)
  }
  return entries
}
