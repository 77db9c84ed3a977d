import type { HostPatch, HostUpsert, TablePatch } from './diff.ts'
import { withWildcards } from './host-index.ts'
import { defaultSettings, type Host, type HostTable, type RoutingTable, type WildcardIndex } from './table.ts'

const emptyHosts: HostTable = { exact: new Map(), oneLabel: new Map(), anyLabel: new Map(), rest: undefined }

/** A new table; the one given is left as it is. `undefined`: from nothing. Parts without a change keep their identity. */
export function applyPatch(table: RoutingTable | undefined, patch: TablePatch): RoutingTable {
  return patchTable(table, patch, copyMap)
}

/**
 * The same, but the hosts of the table given may be changed on the way, so it must be the caller's alone, made by `applyPatch`:
 * copying 20,000 hosts holds up requests for milliseconds, which a hundred changes a second would make the most of the work.
 */
export function applyPatchInPlace(table: RoutingTable, patch: TablePatch): RoutingTable {
  const [group, ...others] = patch.hosts
  const old = group?.from === undefined ? undefined : table.listeners.get(group.from)?.hosts
  const changed = new Set(group?.listeners.map(({ id }) => id))
  // Listeners that go on with the old hosts must not see what others get.
  const isAlone =
    others.length === 0 && [...table.listeners.values()].every(({ id, hosts }) => changed.has(id) || hosts !== old)
  return patchTable(table, patch, isAlone ? sameMap : copyMap)
}

type MapToChange = <K, V>(map: ReadonlyMap<K, V>) => Map<K, V>

const copyMap: MapToChange = (map) => new Map(map)
const sameMap: MapToChange = (map) => (map instanceof Map && map.size > 0 ? map : new Map(map))

function patchTable(table: RoutingTable | undefined, patch: TablePatch, exactToChange: MapToChange): RoutingTable {
  const { backends, certificates } = patch
  return {
    generation: patch.generation,
    settings: patch.settings ?? table?.settings ?? defaultSettings,
    backends: patchMap(
      table?.backends ?? new Map(),
      backends.upserts.map((each) => [each.id, each]),
      backends.deletes,
    ),
    certificates: patchMap(table?.certificates ?? new Map(), certificates.upserts, certificates.deletes),
    listeners: patchListeners(table?.listeners ?? new Map(), patch, exactToChange),
  }
}

function patchMap<K, V>(
  map: ReadonlyMap<K, V>,
  upserts: readonly (readonly [K, V])[],
  deletes: readonly K[],
  toChange: MapToChange = copyMap,
): ReadonlyMap<K, V> {
  if (upserts.length === 0 && deletes.length === 0) return map
  const copy = toChange(map)
  for (const key of deletes) copy.delete(key)
  for (const [key, value] of upserts) copy.set(key, value)
  return copy
}

function patchListeners(
  listeners: RoutingTable['listeners'],
  { hosts, deletedListeners }: TablePatch,
  exactToChange: MapToChange,
): RoutingTable['listeners'] {
  if (hosts.length === 0 && deletedListeners.length === 0) return listeners
  const copy = new Map(listeners)
  for (const id of deletedListeners) copy.delete(id)
  for (const group of hosts) {
    // Read from the old ones: a group never sees what the patch does to another.
    const old = group.from === undefined ? undefined : listeners.get(group.from)?.hosts
    const shared = patchHosts(old ?? emptyHosts, group, exactToChange)
    for (const listener of group.listeners) copy.set(listener.id, { ...listener, hosts: shared })
  }
  return copy
}

function patchHosts(table: HostTable, { upserts, deletes }: HostPatch, exactToChange: MapToChange): HostTable {
  const gone = (index: keyof HostTable) => deletes.filter((place) => place.index === index).map(({ name }) => name)
  const named = (index: keyof HostTable) => upserts.filter((upsert) => upsert.index === index).map(nameAndHost)
  return {
    exact: patchMap(table.exact, named('exact'), gone('exact'), exactToChange),
    oneLabel: patchWildcards(table.oneLabel, named('oneLabel'), gone('oneLabel')),
    anyLabel: patchWildcards(table.anyLabel, named('anyLabel'), gone('anyLabel')),
    rest: named('rest')[0]?.[1] ?? (gone('rest').length > 0 ? undefined : table.rest),
  }
}

function nameAndHost({ host }: HostUpsert): readonly [string, Host] {
  return [host.name, host]
}

function patchWildcards(
  index: WildcardIndex,
  upserts: readonly (readonly [string, Host])[],
  deletes: readonly string[],
): WildcardIndex {
  const gone = deletes.map((name) => [name, undefined] as const)
  return withWildcards(index, new Map<string, Host | undefined>([...gone, ...upserts]))
}
