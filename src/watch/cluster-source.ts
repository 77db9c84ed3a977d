import type { Logger } from '../log.ts'
import type { ApiClient } from './api-client.ts'
import { applyChanges, type ClusterState, emptyClusterState, type ObjectChange } from './cluster-state.ts'
import { limitWarnings } from './limit-log.ts'
import type { NamedSecrets } from './named-secrets.ts'
import type { ObjectKey } from './objects.ts'
import { findSecretsOf } from './referenced-secrets.ts'
import { defaultReflectorTiming, Reflector, type ReflectorTiming, type Selection } from './reflector.ts'
import { SecretReader } from './secret-reader.ts'
import { type RunningReflector, SecretWatcher } from './secret-watcher.ts'
import { selectBase } from './selections.ts'
import type { ConnectionStatus, Source, SourceEvents } from './source.ts'

export type ClusterSourceOptions = {
  readonly client: ApiClient
  readonly events: SourceEvents
  readonly logger: Logger
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  /** Watch Namespace objects too: only a namespace selector needs them. */
  readonly watchesNamespaceObjects: boolean
  readonly secrets: SecretAccess
  /** Keys of the Secrets that are needed, in whatever namespace; the same set as long as they are the same. */
  readonly findSecrets: (state: ClusterState) => ReadonlySet<ObjectKey>
  /** `--configmap` */
  readonly configMaps: readonly ObjectKey[]
  /** Watched also outside watchNamespaces: `--publish-service`. */
  readonly services: readonly ObjectKey[]
  /** The same, and with their endpoints: `--default-backend-service`. */
  readonly backends: readonly ObjectKey[]
  readonly timing?: Partial<ReflectorTiming>
  /** Least milliseconds between two states: a burst makes few, and what comes after a quiet time is not held up. */
  readonly holdOffMs?: number
  /** Milliseconds between two log lines about the same trouble with the API server. */
  readonly logIntervalMs?: number
}

/** Milliseconds in which what belongs together arrives: the events of one chunk, or of several kinds. */
const togetherMs = 2

export type SecretAccess =
  /** Those of the TLS type are listed and watched, others one by one. */
  | { readonly kind: 'watch' }
  /** Each is read by its name, and read again before it is this old; one that is missing or forbidden a little later. */
  | { readonly kind: 'by-name'; readonly refreshMs: number; readonly retryMs?: number }

/** The objects of a cluster: from one reflector for each kind, and Secrets as we may have them. */
export class ClusterSource implements Source {
  readonly #options: ClusterSourceOptions
  readonly #timing: ReflectorTiming
  readonly #warn: (fields: object, message: string) => void
  readonly #base: RunningReflector[] = []
  readonly #secrets: NamedSecrets
  #pending: ObjectChange[] = []
  #holdOff: NodeJS.Timeout | undefined
  #state: ClusterState = emptyClusterState
  #published = false
  #publishedAtMs = Number.NEGATIVE_INFINITY
  #connected = false
  #signal: AbortSignal = AbortSignal.abort()

  constructor(options: ClusterSourceOptions) {
    this.#options = options
    this.#timing = { ...defaultReflectorTiming, ...options.timing }
    this.#warn = limitWarnings(options.logger, this.#logIntervalMs)
    this.#secrets = this.#openSecrets(options.secrets)
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    const listsSecrets = this.#options.secrets.kind === 'watch'
    for (const selection of selectBase({ ...this.#options, listsSecrets })) this.#base.push(this.#run(selection))
    await Promise.all([this.#secrets.start(signal), ...this.#base.map(({ done }) => done)])
    clearTimeout(this.#holdOff)
  }

  connection(): ConnectionStatus {
    const all = [...this.#base.map(({ reflector }) => reflector.status()), ...this.#secrets.statuses()]
    const kinds = [...new Set(all.map(({ kind }) => kind))].map((kind) => {
      const same = all.filter((status) => status.kind === kind)
      return { kind, connected: same.every(({ connected }) => connected), lastContactMs: latest(same) }
    })
    return { connected: kinds.every(({ connected }) => connected), lastContactMs: latest(kinds), kinds }
  }

  get #logIntervalMs(): number {
    return this.#options.logIntervalMs ?? 60_000
  }

  #openSecrets(access: SecretAccess): NamedSecrets {
    if (access.kind === 'watch') {
      return new SecretWatcher({
        run: (selection) => this.#run(selection),
        onGone: (key) => this.#collect([{ kind: 'Secret', key, object: undefined }]),
        onTooMany: (secrets, watched) =>
          this.#warn({ secrets, watched }, 'too many referenced Secrets are missing or not of type kubernetes.io/tls'),
      })
    }
    const { client, logger } = this.#options
    return new SecretReader({
      client,
      logger,
      logIntervalMs: this.#logIntervalMs,
      refreshMs: access.refreshMs,
      retryMs: access.retryMs ?? 2_000,
      timing: this.#timing,
      events: {
        onChanges: (changes) => this.#collect(changes),
        onStatus: () => this.#onStatus(),
        onFailure: (error) => this.#onFailure({ kind: 'Secret' }, error),
      },
    })
  }

  #run(selection: Selection): RunningReflector {
    const stop = new AbortController()
    const reflector = new Reflector({
      client: this.#options.client,
      selection,
      timing: this.#timing,
      events: {
        onChanges: (changes) => this.#collect(changes),
        onStatus: () => this.#onStatus(),
        onFailure: (error) => this.#onFailure(selection, error),
      },
    })
    // A bug in a reflector must not pass unseen as a kind that no longer changes: `done` rejects, and start() with it.
    const done = reflector.start(AbortSignal.any([this.#signal, stop.signal]))
    return { reflector, stop: () => stop.abort(), done }
  }

  #onFailure({ kind, namespace }: Selection, error: unknown): void {
    this.#warn({ kind, namespace, error }, 'API server cannot be read; the last state is kept')
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
    const { holdOffMs = 20 } = this.#options
    this.#holdOff ??= setTimeout(
      () => {
        this.#holdOff = undefined
        this.#flush()
      },
      Math.max(togetherMs, this.#publishedAtMs + holdOffMs - performance.now()),
    )
  }

  #flush(): void {
    const before = this.#state
    const changes = this.#pending.map((change) => this.#withOthers(change))
    this.#pending = []
    this.#state = applyChanges(before, changes)
    if (!this.#base.every(({ reflector }) => reflector.synced)) return
    if (!this.#published || mayNeedOthers(before, this.#state)) this.#secrets.follow(this.#wantedSecrets())
    this.#secrets.refresh(newlyNamed(before, changes))
    // Named Secrets may be forbidden or missing, which is no reason to wait: tried once is enough.
    if (!this.#published && !this.#secrets.settled) return
    if (this.#published && this.#state === before) return
    this.#published = true
    this.#options.events.onState(this.#state, [])
    // Its end, not its start: where a table takes long to build, requests have their share of the time, too.
    this.#publishedAtMs = performance.now()
  }

  /** What is gone for one reflector may be there for another: a Secret made again with the TLS type changes hands. */
  #withOthers(change: ObjectChange): ObjectChange {
    return change.object === undefined ? { ...change, object: this.#find(change) } : change
  }

  #find({ kind, key }: ObjectChange): ObjectChange['object'] {
    for (const { reflector } of this.#base) {
      const object = reflector.selection.kind === kind ? reflector.objects.get(key) : undefined
      if (object !== undefined) return object
    }
    return kind === 'Secret' ? this.#secrets.find(key) : undefined
  }

  /** Those that are not among the listed ones. */
  #wantedSecrets(): ReadonlySet<ObjectKey> {
    const needed = this.#options.findSecrets(this.#state)
    const listed = this.#base.flatMap(({ reflector }) =>
      reflector.selection.kind === 'Secret' ? reflector.objects : [],
    )
    if (listed.length === 0) return needed
    return new Set([...needed].filter((key) => !listed.some((secrets) => secrets.has(key))))
  }
}

/** Most changes in a cluster are to EndpointSlices. */
function mayNeedOthers(a: ClusterState, b: ClusterState): boolean {
  const isSame =
    a.ingresses === b.ingresses &&
    a.ingressClasses === b.ingressClasses &&
    a.namespaces === b.namespaces &&
    a.secrets === b.secrets
  return !isSame
}

/** Keys of the Secrets that an Ingress names and did not name before. */
function newlyNamed({ ingresses }: ClusterState, changes: readonly ObjectChange[]): ReadonlySet<ObjectKey> {
  const keys = new Set<ObjectKey>()
  for (const { key, object } of changes) {
    if (object?.kind !== 'Ingress') continue
    const old = ingresses.get(key)
    const named = old === undefined ? [] : findSecretsOf(old)
    for (const secret of findSecretsOf(object)) if (!named.includes(secret)) keys.add(secret)
  }
  return keys
}

function latest(statuses: readonly { readonly lastContactMs: number | undefined }[]): number | undefined {
  const times = statuses.flatMap(({ lastContactMs }) => lastContactMs ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}
