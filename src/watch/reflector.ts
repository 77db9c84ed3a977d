import { isRecord } from '../is-record.ts'
import type { ApiClient, Query } from './api-client.ts'
import { ApiError, hasStatus } from './api-error.ts'
import { Backoff, pause } from './backoff.ts'
import { isSameObject, type ObjectChange } from './cluster-state.ts'
import { type ClusterObject, type Kind, keyOf, type ObjectKey } from './objects.ts'
import { readObject } from './read-object.ts'
import { pathOfKind } from './resource-path.ts'
import type { KindStatus } from './source.ts'
import { readWatchEvents, type WatchEvent, WatchFormatError } from './watch-stream.ts'

export type ReflectorTiming = {
  /** Objects per page of a list. */
  readonly pageSize: number
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** A watch that stood for this long makes up for all failures before it. */
  readonly steadyMs: number
  /** A watch that is silent for this long is given up: bookmarks come about once a minute. */
  readonly stallMs: number
  /** How long the server is asked to keep a watch: a random time between these, so that not all end at once. */
  readonly minWatchSeconds: number
  readonly maxWatchSeconds: number
  /** 0 up to 1. */
  readonly random: () => number
}

export const defaultReflectorTiming: ReflectorTiming = {
  pageSize: 500,
  minBackoffMs: 200,
  // Of a server that was away for an hour, changes are to be live a few seconds after it is back.
  maxBackoffMs: 2_000,
  steadyMs: 1_000,
  stallMs: 90_000,
  minWatchSeconds: 240,
  maxWatchSeconds: 480,
  random: Math.random,
}

/** What is watched of a kind. */
export type Selection = {
  readonly kind: Kind
  /** undefined: all. */
  readonly namespace?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

type ReflectorEvents = {
  /** Changes to what was there before: of a list all in one call, so that nothing is gone for a moment. */
  onChanges(changes: readonly ObjectChange[]): void
  /** The connection was made or lost, or the first list is complete or has failed. */
  onStatus(): void
  onFailure(error: unknown): void
}

export type ReflectorOptions = {
  readonly client: ApiClient
  readonly selection: Selection
  readonly events: ReflectorEvents
  readonly timing: ReflectorTiming
}

/**
 * Keeps a copy of some objects of the API server by list and watch, for ever: the informer of the client library stops for
 * good on any error but 410, and drops what it cannot parse. What was known stays known while the server is away.
 */
export class Reflector {
  readonly selection: Selection
  readonly #options: ReflectorOptions
  readonly #path: string
  readonly #backoff: Backoff
  #objects: Map<ObjectKey, ClusterObject> = new Map()
  #resourceVersion: string | undefined
  #synced = false
  #settled = false
  #connected = false
  /** History was gone since a watch was last worth its connection. */
  #expired = false
  #lastContactMs: number | undefined

  constructor(options: ReflectorOptions) {
    const { selection, timing } = options
    this.selection = selection
    this.#options = options
    this.#path = pathOfKind(selection.kind, selection.namespace)
    this.#backoff = new Backoff({ minMs: timing.minBackoffMs, maxMs: timing.maxBackoffMs, random: timing.random })
  }

  /** As of the last list and the events since. */
  get objects(): ReadonlyMap<ObjectKey, ClusterObject> {
    return this.#objects
  }

  /** Listed once in full. */
  get synced(): boolean {
    return this.#synced
  }

  /** The first list has come to an end, whether good or bad. */
  get settled(): boolean {
    return this.#settled
  }

  status(): KindStatus {
    return { kind: this.selection.kind, connected: this.#connected, lastContactMs: this.#lastContactMs }
  }

  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs = 0
      try {
        if (this.#resourceVersion === undefined) await this.#list(signal)
        // The server ends each watch after a while. One that ends at once, again and again, must not keep us busy.
        const progress = await this.#watch(signal)
        if (!progress) waitMs = this.#backoff.next()
      } catch (error) {
        if (signal.aborted) break
        if (needsList(error)) this.#resourceVersion = undefined
        this.#fail(error)
        // A server that answers so is there again, and only its history is gone. Said again after that list: then it is ill.
        const isFirstExpiry = hasStatus(error, 410) && !this.#expired
        if (isFirstExpiry) this.#expired = true
        else waitMs = this.#backoff.next(error)
      }
      if (waitMs > 0) await pause(waitMs, signal)
    }
    this.#setConnected(false)
  }

  async #list(signal: AbortSignal): Promise<void> {
    const listed = new Map<ObjectKey, ClusterObject>()
    let page: unknown
    do {
      const query = { limit: String(this.#options.timing.pageSize), continue: readMeta(page, 'continue') }
      page = await this.#options.client.get(this.#path, { ...this.#selectors(), ...query }, signal)
      this.#lastContactMs = Date.now()
      const items = isRecord(page) ? page['items'] : undefined
      // `items: null` is how Go writes an empty list.
      if (!isRecord(page) || (items !== null && !Array.isArray(items)))
        throw new WatchFormatError('a list without items')
      for (const item of items ?? []) {
        const object = readObject(this.selection.kind, item)
        if (object !== undefined) listed.set(keyOf(object), object)
      }
    } while (readMeta(page, 'continue') !== undefined)
    this.#resourceVersion = readMeta(page, 'resourceVersion')
    this.#replace(listed)
  }

  #replace(listed: ReadonlyMap<ObjectKey, ClusterObject>): void {
    const gone = [...this.#objects.keys()].filter((key) => !listed.has(key))
    const changes = [
      ...gone.flatMap((key) => this.#change(key, undefined)),
      ...[...listed].flatMap(([key, object]) => this.#change(key, object)),
    ]
    this.#synced = true
    this.#settled = true
    if (changes.length > 0) this.#options.events.onChanges(changes)
    this.#setConnected(true)
    this.#options.events.onStatus()
  }

  /** Remembers the object; gives no change if all that we read of it is as before. */
  #change(key: ObjectKey, object: ClusterObject | undefined): readonly ObjectChange[] {
    const old = this.#objects.get(key)
    if (object === undefined) {
      this.#objects.delete(key)
      return old === undefined ? [] : [{ kind: this.selection.kind, key, object }]
    }
    if (old !== undefined && isSameObject(old, object)) return []
    this.#objects.set(key, object)
    return [{ kind: this.selection.kind, key, object }]
  }

  /** Whether the watch was worth its connection: something came, or it stood for a while. */
  async #watch(signal: AbortSignal): Promise<boolean> {
    const { client, timing } = this.#options
    const stalled = new AbortController()
    const timer = setTimeout(() => {
      stalled.abort(new Error(`the watch was silent for ${timing.stallMs} ms`))
    }, timing.stallMs)
    let standsSinceMs = Number.POSITIVE_INFINITY
    let progress = false
    const stood = () => performance.now() - standsSinceMs >= timing.steadyMs
    try {
      const any = AbortSignal.any([signal, stalled.signal])
      const chunks = await client.watch(this.#path, this.#watchQuery(), any)
      standsSinceMs = performance.now()
      this.#setConnected(true)
      this.#lastContactMs = Date.now()
      for await (const events of readWatchEvents(chunks)) {
        timer.refresh()
        this.#lastContactMs = Date.now()
        if (events.length === 0) continue
        progress = true
        this.#recover()
        this.#apply(events)
      }
    } finally {
      clearTimeout(timer)
      // Kinds that hardly change see no event for hours, and connections break now and then.
      if (stood()) this.#recover()
    }
    return progress || stood()
  }

  #recover(): void {
    this.#backoff.reset()
    this.#expired = false
  }

  #watchQuery(): Query {
    const { minWatchSeconds, maxWatchSeconds, random } = this.#options.timing
    const seconds = minWatchSeconds + Math.floor(random() * (maxWatchSeconds - minWatchSeconds))
    return {
      ...this.#selectors(),
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
      resourceVersion: this.#resourceVersion,
    }
  }

  #apply(events: readonly WatchEvent[]): void {
    const changes: ObjectChange[] = []
    try {
      for (const event of events) {
        this.#resourceVersion = event.resourceVersion
        if (event.type === 'BOOKMARK') continue
        const object = readObject(this.selection.kind, event.object)
        if (object === undefined) throw new WatchFormatError('a watch event with an object without a name')
        changes.push(...this.#change(keyOf(object), event.type === 'DELETED' ? undefined : object))
      }
    } finally {
      // What came before a bad event is remembered already, and would otherwise be told to nobody.
      if (changes.length > 0) this.#options.events.onChanges(changes)
    }
  }

  #selectors(): Query {
    const { fieldSelector, labelSelector } = this.selection
    return { fieldSelector, labelSelector }
  }

  #fail(error: unknown): void {
    this.#settled = true
    this.#setConnected(false)
    this.#options.events.onFailure(error)
    this.#options.events.onStatus()
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return
    this.#connected = connected
    this.#options.events.onStatus()
  }
}

/**
 * Whether the place where we were is lost, or in doubt. 410: history is gone; 504 and other refusals of a watch: its
 * resourceVersion is from the time before etcd was restored. Errors that are about us or the server's load keep it.
 */
function needsList(error: unknown): boolean {
  if (error instanceof WatchFormatError) return true
  return error instanceof ApiError && !hasStatus(error, 401, 403, 429, 500, 502, 503)
}

function readMeta(list: unknown, field: 'continue' | 'resourceVersion'): string | undefined {
  const metadata = isRecord(list) ? list['metadata'] : undefined
  const value = isRecord(metadata) ? metadata[field] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}
