import { createHash } from 'node:crypto'
import { isRecord } from '../is-record.ts'
import type { Logger } from '../log.ts'
import { formatProblem, type ObjectRef, type Problem } from '../problem.ts'
import type { ApiClient } from './api-client.ts'
import { hasStatus } from './api-error.ts'
import { pause } from './backoff.ts'
import { type ClusterState, mapOfKind } from './cluster-state.ts'
import { limitWarnings } from './limit-log.ts'
import type { Metadata } from './objects.ts'
import { apiVersionOf, isKind } from './read-object.ts'
import { pathOfResource } from './resource-path.ts'
import { Waker } from './waker.ts'

export type EventRecorderOptions = {
  readonly client: ApiClient
  readonly logger: Logger
  /** Of this replica: the pod's name. */
  readonly identity: string
  /** Events about one object at once, and milliseconds for each one more. */
  readonly burst?: number
  readonly refillMs?: number
  /** Milliseconds between two requests. */
  readonly intervalMs?: number
}

type Entry = { readonly problem: Problem; readonly uid: string | undefined }
type Bucket = { tokens: number; atMs: number }

// What waits while nobody leads, or while the API server is away.
const maxQueued = 1_000

/** Tells users of their mistakes where `kubectl describe` shows it: one Event per problem, counted up when it comes back. */
export class EventRecorder {
  readonly #options: Required<EventRecorderOptions>
  readonly #warn: (fields: object, message: string) => void
  readonly #waker = new Waker()
  #current: ReadonlySet<string> = new Set()
  readonly #queue = new Map<string, Entry>()
  readonly #buckets = new Map<string, Bucket>()

  constructor(options: EventRecorderOptions) {
    this.#options = { burst: 25, refillMs: 5_000, intervalMs: 50, ...options }
    this.#warn = limitWarnings(options.logger, 60_000)
  }

  /** All problems that there are now. Those that were there the last time are not told again. */
  record(problems: readonly Problem[], state: ClusterState): void {
    const current = new Map(problems.map((problem) => [formatProblem(problem), problem]))
    for (const id of this.#queue.keys()) if (!current.has(id)) this.#queue.delete(id)
    for (const [id, problem] of current) {
      if (this.#current.has(id) || !isKind(problem.object.kind) || this.#queue.size >= maxQueued) continue
      this.#queue.set(id, { problem, uid: findMetadata(problem.object, state)?.uid })
    }
    this.#current = new Set(current.keys())
    this.#waker.wake()
  }

  /** Sends until the signal ends: as long as we are the leader. */
  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [next] = this.#queue
      if (next === undefined) {
        await this.#waker.wait(60_000, signal)
        continue
      }
      const [id, entry] = next
      this.#queue.delete(id)
      if (this.#takeToken(entry.problem.object)) {
        await Promise.all([this.#send(entry, signal), pause(this.#options.intervalMs, signal)])
      }
    }
  }

  #takeToken({ kind, namespace, name }: ObjectRef): boolean {
    const { burst, refillMs } = this.#options
    const key = `${kind} ${namespace}/${name}`
    const nowMs = performance.now()
    const old = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs }
    const tokens = Math.min(burst, old.tokens + (nowMs - old.atMs) / refillMs)
    // A bucket that was let go is a full one, which is what an object that was quiet for so long deserves.
    if (this.#buckets.size >= maxQueued) this.#buckets.clear()
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs })
    return tokens >= 1
  }

  /** The name is made of the content, so a second one of the same, from whichever replica, meets the first. */
  async #send({ problem, uid }: Entry, signal: AbortSignal): Promise<void> {
    const event = buildEvent(problem, uid, this.#options.identity)
    const path = pathOfResource('v1', 'events', event.metadata.namespace)
    try {
      await this.#options.client.create(path, event, signal).catch(async (error) => {
        if (!hasStatus(error, 409)) throw error
        await this.#countUp(`${path}/${event.metadata.name}`, event.lastTimestamp, signal)
      })
    } catch (error) {
      // An Event is a courtesy: metrics, logs and the admin page say the same.
      if (!signal.aborted) this.#warn({ reason: problem.reason, error }, 'Event cannot be written')
    }
  }

  async #countUp(path: string, lastTimestamp: string, signal: AbortSignal): Promise<void> {
    const old = await this.#options.client.get(path, {}, signal)
    const count = isRecord(old) && typeof old['count'] === 'number' ? old['count'] + 1 : 2
    await this.#options.client.patch(path, { count, lastTimestamp }, signal)
  }
}

function findMetadata({ kind, namespace, name }: ObjectRef, state: ClusterState): Metadata | undefined {
  if (!isKind(kind)) return undefined
  return state[mapOfKind[kind]].get(namespace === '' ? name : `${namespace}/${name}`)?.metadata
}

function buildEvent(problem: Problem, uid: string | undefined, identity: string) {
  const { kind, namespace, name } = problem.object
  const message = `${problem.field}: ${problem.message}; ${problem.instead}`.slice(0, 1024)
  const id = createHash('sha256').update(`${kind} ${uid} ${problem.reason} ${message}`).digest('hex').slice(0, 16)
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // Events about cluster-scoped objects are in the namespace default.
    metadata: { name: `${name.slice(0, 200)}.${id}`, namespace: namespace || 'default' },
    involvedObject: {
      kind,
      name,
      ...(namespace !== '' && { namespace }),
      ...(isKind(kind) && { apiVersion: apiVersionOf(kind) }),
      ...(uid !== undefined && { uid }),
    },
    type: 'Warning',
    reason: problem.reason,
    message,
    source: { component: 'headgate' },
    reportingComponent: 'headgate',
    reportingInstance: identity,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  }
}
