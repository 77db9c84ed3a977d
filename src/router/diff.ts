import { isDeepStrictEqual } from 'node:util'
import { forEachChange } from './map-changes.ts'
import type {
  Backend,
  BackendId,
  Certificate,
  Host,
  HostTable,
  Listener,
  ListenerId,
  RoutingTable,
  Settings,
  WildcardIndex,
} from './table.ts'

/** What leads from one table to another, as plain data for a structured clone. */
export type TablePatch = {
  readonly generation: number
  /** Absent where they are the same. */
  readonly settings: Settings | undefined
  readonly backends: Upserts<Backend, BackendId>
  /** By server name. */
  readonly certificates: Upserts<readonly [name: string, certificate: Certificate], string>
  /** Each for the listeners that share one host table; only groups with a change. */
  readonly hosts: readonly HostPatch[]
  readonly deletedListeners: readonly ListenerId[]
}

type Upserts<T, K> = { readonly upserts: readonly T[]; readonly deletes: readonly K[] }

export type HostPatch = {
  readonly listeners: readonly Omit<Listener, 'hosts'>[]
  /** One of these listeners, whose hosts the patch starts from; `undefined`: from none. */
  readonly from: ListenerId | undefined
  readonly upserts: readonly HostUpsert[]
  readonly deletes: readonly HostPlace[]
}

type HostPlace = { readonly index: keyof HostTable; readonly name: string }
export type HostUpsert = { readonly index: keyof HostTable; readonly host: Host }

/** `before` undefined: the patch builds `after` from nothing. What is the same object costs nothing to compare. */
export function diffTables(before: RoutingTable | undefined, after: RoutingTable): TablePatch {
  const backends = diffMaps(before?.backends, after.backends)
  const certificates = diffMaps(before?.certificates, after.certificates)
  return {
    generation: after.generation,
    settings: before !== undefined && isDeepStrictEqual(before.settings, after.settings) ? undefined : after.settings,
    backends: { upserts: backends.upserts.map(([, backend]) => backend), deletes: backends.deletes },
    certificates,
    hosts: diffListeners(before?.listeners, after.listeners),
    deletedListeners: [...(before?.listeners.keys() ?? [])].filter((id) => !after.listeners.has(id)),
  }
}

function diffMaps<K, V>(before: ReadonlyMap<K, V> | undefined, after: ReadonlyMap<K, V>): Upserts<readonly [K, V], K> {
  const upserts: (readonly [K, V])[] = []
  const deletes: K[] = []
  forEachChange<K, V>(before ?? new Map(), after, (key, old, value) => {
    if (value === undefined) deletes.push(key)
    else if (!isDeepStrictEqual(old, value)) upserts.push([key, value])
  })
  return { upserts, deletes }
}

type Listeners = ReadonlyMap<ListenerId, Listener>

function diffListeners(before: Listeners | undefined, after: Listeners): readonly HostPatch[] {
  const groups = Map.groupBy(after.values(), ({ hosts }) => hosts)
  return [...groups].flatMap(([hosts, group]) => {
    const from = group.find(({ id }) => before?.has(id))?.id
    const old = from === undefined ? undefined : before?.get(from)?.hosts
    const changes = diffHosts(old, hosts)
    const isUntouched = changes.upserts.length === 0 && changes.deletes.length === 0 && hadSameListeners(before, group)
    return isUntouched ? [] : { listeners: group.map(({ id, protocol }) => ({ id, protocol })), from, ...changes }
  })
}

/** Not so if they shared no table before: they are to share one afterwards. */
function hadSameListeners(before: Listeners | undefined, group: readonly Listener[]): boolean {
  const [first] = group
  const hosts = first && before?.get(first.id)?.hosts
  return group.every(({ id, protocol }) => {
    const listener = before?.get(id)
    return listener !== undefined && listener.hosts === hosts && listener.protocol === protocol
  })
}

function diffHosts(before: HostTable | undefined, after: HostTable): Pick<HostPatch, 'upserts' | 'deletes'> {
  const indexes = [
    { index: 'exact', ...diffMaps(before?.exact, after.exact) },
    { index: 'oneLabel', ...diffWildcards(before?.oneLabel, after.oneLabel) },
    { index: 'anyLabel', ...diffWildcards(before?.anyLabel, after.anyLabel) },
    { index: 'rest', ...diffMaps(restMap(before), restMap(after)) },
  ] as const
  return {
    upserts: indexes.flatMap(({ index, upserts }) => upserts.map(([, host]) => ({ index, host }))),
    deletes: indexes.flatMap(({ index, deletes }) => deletes.map((name) => ({ index, name }))),
  }
}

function diffWildcards(
  before: WildcardIndex | undefined,
  after: WildcardIndex,
): Upserts<readonly [string, Host], string> {
  return before === after ? { upserts: [], deletes: [] } : diffMaps(wildcardMap(before), wildcardMap(after))
}

function wildcardMap(index: WildcardIndex | undefined): ReadonlyMap<string, Host> {
  return new Map([...(index?.values() ?? [])].flat().map((host) => [host.name, host]))
}

function restMap(table: HostTable | undefined): ReadonlyMap<string, Host> {
  return table?.rest === undefined ? new Map() : new Map([[table.rest.name, table.rest]])
}

/** An empty patch means that the two tables are the same but for the generation. */
export function isEmptyPatch({ settings, backends, certificates, hosts, deletedListeners }: TablePatch): boolean {
  const lists = [
    backends.upserts,
    backends.deletes,
    certificates.upserts,
    certificates.deletes,
    hosts,
    deletedListeners,
  ]
  return settings === undefined && lists.every((list) => list.length === 0)
}

type Item =
  | { readonly kind: 'backend'; readonly backend: Backend }
  | { readonly kind: 'certificate'; readonly entry: readonly [string, Certificate] }
  | { readonly kind: 'host'; readonly group: HostPatch; readonly upsert: HostUpsert }

/**
 * Patches that do the same one after the other, each with at most `maxItems` upserts. The first carries settings and all
 * that is deleted. Tables in between are of no use: they are incomplete.
 */
export function chunkPatch(patch: TablePatch, maxItems: number): readonly TablePatch[] {
  const items: Item[] = [
    ...patch.backends.upserts.map((backend) => ({ kind: 'backend', backend }) as const),
    ...patch.certificates.upserts.map((entry) => ({ kind: 'certificate', entry }) as const),
    ...patch.hosts.flatMap((group) => group.upserts.map((upsert) => ({ kind: 'host', group, upsert }) as const)),
  ]
  const size = Math.max(1, maxItems)
  if (items.length <= size) return [patch]
  const first = { ...patch, ...upsertsOf(items.slice(0, size), patch.backends.deletes, patch.certificates.deletes) }
  const touched = new Map(first.hosts.map((group) => [group.listeners, group]))
  const hosts = patch.hosts.map((group) => touched.get(group.listeners) ?? { ...group, upserts: [] })
  const chunks: TablePatch[] = [
    { ...first, hosts: hosts.map((group, at) => ({ ...group, ...start(patch.hosts[at]) })) },
  ]
  for (let at = size; at < items.length; at += size) {
    const rest = upsertsOf(items.slice(at, at + size), [], [])
    chunks.push({ generation: patch.generation, settings: undefined, deletedListeners: [], ...rest })
  }
  return chunks
}

function start(group: HostPatch | undefined): Pick<HostPatch, 'from' | 'deletes'> {
  return { from: group?.from, deletes: group?.deletes ?? [] }
}

function upsertsOf(
  items: readonly Item[],
  backendDeletes: readonly BackendId[],
  certificateDeletes: readonly string[],
): Pick<TablePatch, 'backends' | 'certificates' | 'hosts'> {
  const groups = new Map<HostPatch, HostUpsert[]>()
  for (const item of items) {
    if (item.kind !== 'host') continue
    const upserts = groups.get(item.group)
    if (upserts === undefined) groups.set(item.group, [item.upsert])
    else upserts.push(item.upsert)
  }
  return {
    backends: {
      upserts: items.flatMap((item) => (item.kind === 'backend' ? [item.backend] : [])),
      deletes: backendDeletes,
    },
    certificates: {
      upserts: items.flatMap((item) => (item.kind === 'certificate' ? [item.entry] : [])),
      deletes: certificateDeletes,
    },
    // A later piece goes on from what the first one began.
    hosts: [...groups].map(([{ listeners }, upserts]) => ({ listeners, from: listeners[0]?.id, upserts, deletes: [] })),
  }
}
