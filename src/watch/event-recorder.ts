import { isRecord } from '../is-record.ts'
import type { Logger } from '../log.ts'
import { formatProblem, type ObjectRef, type Problem } from '../problem.ts'
import type { ApiClient } from './api-client.ts'
import { hasStatus } from './api-error.ts'
import { pause } from './backoff.ts'
import { buildEvent } from './build-event.ts'
import { type ClusterState, mapOfKind } from './cluster-state.ts'
import { limitWarnings } from './limit-log.ts'
import type { Metadata } from './objects.ts'
import { isKind } from './read-object.ts'
import { pathOfResource } from './resource-path.ts'
import { ServerBackoff } from './server-backoff.ts'
import { Waker } from './waker.ts'

/** In docs/reference/events.md. */
export const eventLimits = {
  /** Events about one object at once, and milliseconds until it may have one more. */
  burst: 25,
  refillMs: 5_000,
  /** Milliseconds between two requests. */
  intervalMs: 50,
  /** An API server forgets an Event after an hour (--event-ttl): a problem that lasts is told again before that. */
  repeatMs: 30 * 60_000,
  /** Problems that have Events at one time. */
  mostProblems: 1_000,
  minBackoffMs: 1_000,
  maxBackoffMs: 60_000,
} as const

export type EventRecorderOptions = {
  readonly client: ApiClient
  readonly logger: Logger
  /** Of this replica: the pod's name. */
  readonly identity: string
} & { readonly [Limit in keyof typeof eventLimits]?: number }

type Entry = {
  readonly problem: Problem
  readonly uid: string | undefined
  /** It came while we led, so nobody else has told it. */
  isNews: boolean
  dueMs: number
}

type Bucket = { tokens: number; atMs: number }

/** Tells users of their mistakes where `kubectl describe` shows it: one Event per problem, counted up when it comes back. */
export class EventRecorder {
  readonly #options: Required<EventRecorderOptions>
  readonly #warn: (fields: object, message: string) => void
  readonly #server: ServerBackoff
  readonly #waker = new Waker()
  readonly #entries = new Map<string, Entry>()
  readonly #buckets = new Map<string, Bucket>()
  #leading = false

  constructor(options: EventRecorderOptions) {
    this.#options = { ...eventLimits, ...options }
    this.#warn = limitWarnings(options.logger, 60_000)
    const { minBackoffMs, maxBackoffMs } = this.#options
    this.#server = new ServerBackoff({ minMs: minBackoffMs, maxMs: maxBackoffMs, random: Math.random })
  }

  /** All problems that there are now. Those that were there the last time are not told again. */
  record(problems: readonly Problem[], state: ClusterState): void {
    const current = new Map(problems.map((problem) => [formatProblem(problem), problem]))
    for (const id of this.#entries.keys()) if (!current.has(id)) this.#entries.delete(id)
    for (const [id, problem] of current) {
      if (this.#entries.has(id) || !isKind(problem.object.kind)) continue
      if (this.#entries.size >= this.#options.mostProblems) break
      const uid = findMetadata(problem.object, state)?.uid
      this.#entries.set(id, { problem, uid, isNews: this.#leading, dueMs: 0 })
    }
    this.#waker.wake()
  }

  /** Sends until the signal ends: as long as we are the leader. */
  async start(signal: AbortSignal): Promise<void> {
    this.#leading = true
    while (!signal.aborted) {
      if (this.#server.waitMs > 0) await pause(this.#server.waitMs, signal)
      const entry = this.#findNext()
      const waitMs = entry === undefined ? this.#options.repeatMs : entry.dueMs - performance.now()
      if (entry === undefined || waitMs > 0) await this.#waker.wait(waitMs, signal)
      else if (!this.#takeToken(entry.problem.object)) entry.dueMs = performance.now() + this.#options.refillMs
      else await Promise.all([this.#tell(entry, signal), pause(this.#options.intervalMs, signal)])
    }
    this.#leading = false
    // From here on, it may be the next leader who tells them.
    for (const entry of this.#entries.values()) entry.isNews = false
  }

  #findNext(): Entry | undefined {
    let next: Entry | undefined
    for (const entry of this.#entries.values()) if (next === undefined || entry.dueMs < next.dueMs) next = entry
    return next
  }

  #takeToken({ kind, namespace, name }: ObjectRef): boolean {
    const { burst, refillMs, mostProblems } = this.#options
    const key = `${kind} ${namespace}/${name}`
    const nowMs = performance.now()
    const old = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs }
    const tokens = Math.min(burst, old.tokens + (nowMs - old.atMs) / refillMs)
    // A bucket that was let go is a full one, which is what an object that was quiet for so long deserves.
    if (this.#buckets.size >= mostProblems) this.#buckets.clear()
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs })
    return tokens >= 1
  }

  async #tell(entry: Entry, signal: AbortSignal): Promise<void> {
    try {
      const toldMs = await this.#send(entry, signal)
      entry.isNews = false
      entry.dueMs = performance.now() + this.#options.repeatMs - toldMs
      this.#server.onSuccess()
    } catch (error) {
      if (signal.aborted) return
      this.#warn({ reason: entry.problem.reason, error }, 'Event cannot be written')
      // An Event is a courtesy, and metrics, logs and the admin page say the same: what is refused is not asked for soon.
      if (!this.#server.onFailure(error)) entry.dueMs = performance.now() + this.#options.repeatMs
    }
  }

  /**
   * Milliseconds since it was told. The name is made of the content, so a second one of the same, from whichever replica, meets
   * the first; what the leader before us has told is not counted again.
   */
  async #send({ problem, uid, isNews }: Entry, signal: AbortSignal): Promise<number> {
    const { client, identity, repeatMs } = this.#options
    const event = buildEvent(problem, uid, identity)
    const path = pathOfResource('v1', 'events', event.metadata.namespace)
    const own = `${path}/${event.metadata.name}`
    let old = isNews ? undefined : await client.get(own, {}, signal).catch(unless(404))
    if (old === undefined) {
      if ((await client.create(path, event, signal).catch(unless(409))) !== undefined) return 0
      old = await client.get(own, {}, signal)
    }
    const told = readTold(old)
    if (!isNews && told.agoMs < repeatMs) return Math.max(0, told.agoMs)
    await client.patch(own, { count: told.count + 1, lastTimestamp: event.lastTimestamp }, signal)
    return 0
  }
}

function unless(status: number): (error: unknown) => undefined {
  return (error) => {
    if (!hasStatus(error, status)) throw error
  }
}

function readTold(event: unknown): { readonly count: number; readonly agoMs: number } {
  const { count, lastTimestamp } = isRecord(event) ? event : { count: undefined, lastTimestamp: undefined }
  const toldAt = typeof lastTimestamp === 'string' ? Date.parse(lastTimestamp) : Number.NaN
  return {
    count: typeof count === 'number' ? count : 1,
    agoMs: Number.isNaN(toldAt) ? Number.POSITIVE_INFINITY : Date.now() - toldAt,
  }
}

function findMetadata({ kind, namespace, name }: ObjectRef, state: ClusterState): Metadata | undefined {
  if (!isKind(kind)) return undefined
  return state[mapOfKind[kind]].get(namespace === '' ? name : `${namespace}/${name}`)?.metadata
}
