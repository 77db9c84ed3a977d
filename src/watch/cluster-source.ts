import type { Logger } from '../log.ts'
import type { ApiClient } from './api-client.ts'
import { applyChanges, type ClusterState, emptyClusterState, type ObjectChange } from './cluster-state.ts'
import { limitWarnings } from './limit-log.ts'
import type { Kind, ObjectKey } from './objects.ts'
import { findSecretsOf } from './referenced-secrets.ts'
import { defaultReflectorTiming, Reflector, type ReflectorTiming, type Selection } from './reflector.ts'
import { selectBase, selectNamed } from './selections.ts'
import type { ConnectionStatus, Source, SourceEvents } from './source.ts'

export type ClusterSourceOptions = {
  readonly client: ApiClient
  readonly events: SourceEvents
  readonly logger: Logger
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  /** Watch Namespace objects too: only a namespace selector needs them. */
  readonly watchesNamespaceObjects: boolean
  /** Watched whatever namespace they are in: `--default-ssl-certificate`, `--configmap`. */
  readonly secrets: readonly ObjectKey[]
  readonly configMaps: readonly ObjectKey[]
  /** Watched, with their endpoints, also outside watchNamespaces: default backend, `--publish-service`. */
  readonly services: readonly ObjectKey[]
  readonly timing?: Partial<ReflectorTiming>
  /** Milliseconds from a change to the new state, so that a burst makes one. */
  readonly holdOffMs?: number
  /** Milliseconds between two log lines about the same trouble with the API server. */
  readonly logIntervalMs?: number
}

type Running = { readonly reflector: Reflector; readonly stop: AbortController; readonly done: Promise<void> }

// Each is a connection to the API server. More Secrets of other types than TLS, or missing ones, are not worth it.
const maxNamedSecrets = 256

/** The objects of a cluster, from one reflector for each kind, and one for each Secret that is not of the TLS type. */
export class ClusterSource implements Source {
  readonly #options: ClusterSourceOptions
  readonly #timing: ReflectorTiming
  readonly #warn: (fields: object, message: string) => void
  readonly #base: Running[] = []
  readonly #secrets = new Map<ObjectKey, Running>()
  #pending: ObjectChange[] = []
  #holdOff: NodeJS.Timeout | undefined
  #state: ClusterState = emptyClusterState
  #published = false
  #connected = false
  #signal: AbortSignal = AbortSignal.abort()

  constructor(options: ClusterSourceOptions) {
    this.#options = options
    this.#timing = { ...defaultReflectorTiming, ...options.timing }
    this.#warn = limitWarnings(options.logger, options.logIntervalMs ?? 60_000)
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    for (const selection of selectBase(this.#options)) this.#base.push(this.#run(selection))
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    clearTimeout(this.#holdOff)
    await Promise.all([...this.#base, ...this.#secrets.values()].map(({ done }) => done))
  }

  connection(): ConnectionStatus {
    const all = [...this.#base, ...this.#secrets.values()].map(({ reflector }) => reflector.status())
    const kinds = [...new Set(all.map(({ kind }) => kind))].map((kind) => {
      const same = all.filter((status) => status.kind === kind)
      return { kind, connected: same.every(({ connected }) => connected), lastContactMs: latest(same) }
    })
    return { connected: kinds.every(({ connected }) => connected), lastContactMs: latest(kinds), kinds }
  }

  #run(selection: Selection): Running {
    const stop = new AbortController()
    const reflector = new Reflector({
      client: this.#options.client,
      selection,
      timing: this.#timing,
      events: {
        onChanges: (changes) => this.#collect(changes),
        onStatus: () => this.#onStatus(),
        onFailure: (error) => {
          const { kind, namespace } = selection
          this.#warn({ kind, namespace, error }, 'API server cannot be read; the last state is kept')
        },
      },
    })
    // A bug in a reflector must not pass unseen as a kind that no longer changes: `done` rejects, and start() with it.
    const done = reflector.start(AbortSignal.any([this.#signal, stop.signal]))
    return { reflector, stop, done }
  }

  #collect(changes: readonly ObjectChange[]): void {
    for (const change of changes) this.#pending.push(change)
    this.#schedule()
  }

  #onStatus(): void {
    if (!this.#published) this.#schedule()
    const status = this.connection()
    if (status.connected === this.#connected) return
    this.#connected = status.connected
    this.#options.events.onConnection(status)
  }

  #schedule(): void {
    if (this.#signal.aborted) return
    this.#holdOff ??= setTimeout(() => {
      this.#holdOff = undefined
      this.#flush()
    }, this.#options.holdOffMs ?? 20)
  }

  #flush(): void {
    const before = this.#state
    this.#state = applyChanges(
      before,
      this.#pending.map((change) => this.#withOthers(change)),
    )
    this.#pending = []
    if (!this.#base.every(({ reflector }) => reflector.synced)) return
    if (!this.#published || this.#state.ingresses !== before.ingresses || this.#state.secrets !== before.secrets) {
      this.#followSecrets()
    }
    // Named Secrets may be forbidden or missing, which is no reason to wait: tried once is enough.
    if (!this.#published && ![...this.#secrets.values()].every(({ reflector }) => reflector.settled)) return
    if (this.#published && this.#state === before) return
    this.#published = true
    this.#options.events.onState(this.#state, [])
  }

  /** What is gone for one reflector may be there for another: a Secret made again with the TLS type changes hands. */
  #withOthers(change: ObjectChange): ObjectChange {
    return change.object === undefined ? { ...change, object: this.#find(change.kind, change.key) } : change
  }

  #find(kind: Kind, key: ObjectKey): ObjectChange['object'] {
    const all = kind === 'Secret' ? [...this.#base, ...this.#secrets.values()] : this.#base
    for (const { reflector } of all) {
      const object = reflector.selection.kind === kind ? reflector.objects.get(key) : undefined
      if (object !== undefined) return object
    }
    return undefined
  }

  /** Starts a reflector for each Secret that is referenced and not among those of the TLS type, and ends the others. */
  #followSecrets(): void {
    const wanted = this.#wantedSecrets()
    for (const [key, running] of this.#secrets) {
      if (wanted.has(key)) continue
      running.stop.abort()
      this.#secrets.delete(key)
      this.#collect([{ kind: 'Secret', key, object: undefined }])
    }
    for (const key of wanted) {
      if (!this.#secrets.has(key)) this.#secrets.set(key, this.#run(selectNamed('Secret', key)))
    }
  }

  #wantedSecrets(): ReadonlySet<ObjectKey> {
    const listed = this.#base.flatMap(({ reflector }) =>
      reflector.selection.kind === 'Secret' ? reflector.objects : [],
    )
    const wanted = new Set<ObjectKey>()
    for (const key of this.#options.secrets) want(key)
    for (const ingress of this.#state.ingresses.values()) findSecretsOf(ingress).forEach(want)
    if (wanted.size <= maxNamedSecrets) return wanted
    this.#warn(
      { secrets: wanted.size, watched: maxNamedSecrets },
      'too many referenced Secrets are missing or not of type kubernetes.io/tls',
    )
    return new Set([...wanted].slice(0, maxNamedSecrets))

    function want(key: ObjectKey): void {
      if (!listed.some((secrets) => secrets.has(key))) wanted.add(key)
    }
  }
}

function latest(statuses: readonly { readonly lastContactMs: number | undefined }[]): number | undefined {
  const times = statuses.flatMap(({ lastContactMs }) => lastContactMs ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}
