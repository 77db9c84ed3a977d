import type { Logger } from '../log.ts'
import type { ApiClient } from './api-client.ts'
import { hasStatus } from './api-error.ts'
import { Backoff, pause } from './backoff.ts'
import { isSameObject, type ObjectChange } from './cluster-state.ts'
import { limitWarnings } from './limit-log.ts'
import type { NamedSecrets } from './named-secrets.ts'
import type { ObjectKey, Secret } from './objects.ts'
import { readObject } from './read-object.ts'
import type { ReflectorTiming } from './reflector.ts'
import { pathOfKind } from './resource-path.ts'
import { ServerBackoff } from './server-backoff.ts'
import type { KindStatus } from './source.ts'
import { WatchFormatError } from './watch-stream.ts'

export type SecretReaderOptions = {
  readonly client: ApiClient
  readonly logger: Logger
  readonly events: {
    onChanges(changes: readonly ObjectChange[]): void
    onStatus(): void
    /** The API server does not answer. */
    onFailure(error: unknown): void
  }
  /** A Secret is read again before it is this old. */
  readonly refreshMs: number
  /** Until one that is missing or forbidden is asked for again; doubles with each time. */
  readonly retryMs: number
  /** For an API server that does not answer. */
  readonly timing: ReflectorTiming
  readonly logIntervalMs: number
}

type Entry = {
  readonly key: ObjectKey
  readonly retries: Backoff
  secret: Secret | undefined
  /** Answered once, in whichever way. */
  tried: boolean
  /** In the middle of a read. */
  reading: boolean
  /** Asked for again meanwhile. */
  again: boolean
  timer: NodeJS.Timeout | undefined
}

// So many reads at once and no more, whether ten Secrets are named or ten thousand.
const maxReads = 8

/**
 * Reads Secrets by GET, for whoever will not let us list them. Without a watch nobody says when one changes, so each is read
 * again after a while, at its own time: no burst ever follows the first.
 */
export class SecretReader implements NamedSecrets {
  readonly #options: SecretReaderOptions
  readonly #warn: (fields: object, message: string) => void
  readonly #entries = new Map<ObjectKey, Entry>()
  /** Due now, in this order. */
  readonly #due = new Set<Entry>()
  readonly #server: ServerBackoff
  #news = Promise.withResolvers<void>()
  #connected = false
  #lastContactMs: number | undefined
  #ended = false

  constructor(options: SecretReaderOptions) {
    this.#options = options
    const { minBackoffMs: minMs, maxBackoffMs: maxMs, random } = options.timing
    this.#server = new ServerBackoff({ minMs, maxMs, random })
    this.#warn = limitWarnings(options.logger, options.logIntervalMs)
  }

  follow(keys: ReadonlySet<ObjectKey>): void {
    const gone: ObjectChange[] = []
    for (const [key, entry] of this.#entries) {
      if (keys.has(key)) continue
      clearTimeout(entry.timer)
      this.#entries.delete(key)
      this.#due.delete(entry)
      if (entry.secret !== undefined) gone.push({ kind: 'Secret', key, object: undefined })
    }
    for (const key of keys) {
      if (this.#entries.has(key)) continue
      const entry = this.#newEntry(key)
      this.#entries.set(key, entry)
      this.#due.add(entry)
    }
    if (gone.length > 0) this.#options.events.onChanges(gone)
    this.#wake()
  }

  refresh(keys: Iterable<ObjectKey>): void {
    for (const key of keys) {
      const entry = this.#entries.get(key)
      if (entry === undefined) continue
      entry.retries.reset()
      this.#readSoon(entry)
    }
  }

  find(key: ObjectKey): Secret | undefined {
    return this.#entries.get(key)?.secret
  }

  get settled(): boolean {
    return [...this.#entries.values()].every(({ tried }) => tried)
  }

  statuses(): readonly KindStatus[] {
    if (this.#entries.size === 0) return []
    return [{ kind: 'Secret', connected: this.#connected, lastContactMs: this.#lastContactMs }]
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    await Promise.all(Array.from({ length: maxReads }, () => this.#work(signal)))
    this.#ended = true
    for (const { timer } of this.#entries.values()) clearTimeout(timer)
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [entry] = this.#due
      if (this.#server.waitMs > 0) await pause(this.#server.waitMs, signal)
      else if (entry === undefined) await this.#news.promise
      else await this.#read(entry, signal)
    }
  }

  async #read(entry: Entry, signal: AbortSignal): Promise<void> {
    this.#due.delete(entry)
    entry.reading = true
    try {
      const secret = await this.#get(entry, signal)
      this.#server.onSuccess()
      this.#keep(entry, secret)
      this.#finish(entry, secret === undefined || secret.forbidden === true)
    } catch (error) {
      if (signal.aborted) return
      if (this.#server.onFailure(error)) return this.#fail(entry, error)
      // Encrypted with a key that is lost, for instance: one Secret that is answered with 500 must not hold up the others.
      this.#warn({ secret: entry.key, error }, 'Secret cannot be read; the last good one is kept')
      this.#finish(entry, true)
    }
  }

  /** undefined: there is none. */
  async #get({ key, secret }: Entry, signal: AbortSignal): Promise<Secret | undefined> {
    const [namespace = '', name = ''] = key.split('/')
    try {
      const raw = await this.#options.client.get(
        `${pathOfKind('Secret', namespace)}/${encodeURIComponent(name)}`,
        {},
        signal,
      )
      const object = readObject('Secret', raw)
      if (object?.kind !== 'Secret') throw new WatchFormatError('a Secret without a name')
      return object
    } catch (error) {
      if (hasStatus(error, 404)) return undefined
      if (!hasStatus(error, 403)) throw error
      this.#warn({ secret: key, error }, 'Secret may not be read; the last good one is kept')
      return { kind: 'Secret', metadata: { namespace, name }, ...secret, forbidden: true }
    }
  }

  #keep(entry: Entry, secret: Secret | undefined): void {
    const before = entry.secret
    // Nobody names it any more.
    if (this.#entries.get(entry.key) !== entry) return
    if (before === secret || (before !== undefined && secret !== undefined && isSameObject(before, secret))) return
    entry.secret = secret
    this.#options.events.onChanges([{ kind: 'Secret', key: entry.key, object: secret }])
  }

  #finish(entry: Entry, isAmiss: boolean): void {
    this.#lastContactMs = Date.now()
    entry.reading = false
    entry.tried = true
    if (!isAmiss) entry.retries.reset()
    this.#setConnected(true)
    if (entry.again) this.#readSoon(entry)
    else this.#readLater(entry, isAmiss)
  }

  #fail(entry: Entry, error: unknown): void {
    entry.reading = false
    this.#readSoon(entry)
    this.#setConnected(false)
    this.#options.events.onFailure(error)
  }

  #readSoon(entry: Entry): void {
    entry.again = entry.reading
    if (entry.reading || this.#entries.get(entry.key) !== entry) return
    clearTimeout(entry.timer)
    this.#due.add(entry)
    this.#wake()
  }

  /** Each at its own time: all were read at once when we started. */
  #readLater(entry: Entry, isAmiss: boolean): void {
    if (this.#ended || this.#entries.get(entry.key) !== entry) return
    const { refreshMs, retryMs, timing } = this.#options
    const afterMs = isAmiss ? retryMs + entry.retries.next() : refreshMs * (0.5 + timing.random() / 2)
    entry.timer = setTimeout(() => this.#readSoon(entry), Math.min(afterMs, refreshMs))
  }

  #newEntry(key: ObjectKey): Entry {
    const { refreshMs, retryMs, timing } = this.#options
    const retries = new Backoff({ minMs: retryMs, maxMs: refreshMs, random: timing.random })
    return { key, retries, secret: undefined, tried: false, reading: false, again: false, timer: undefined }
  }

  #setConnected(connected: boolean): void {
    this.#connected = connected
    this.#options.events.onStatus()
  }

  #wake(): void {
    this.#news.resolve()
    this.#news = Promise.withResolvers()
  }
}
