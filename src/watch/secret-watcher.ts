import type { NamedSecrets } from './named-secrets.ts'
import type { ObjectKey, Secret } from './objects.ts'
import type { Reflector, Selection } from './reflector.ts'
import { selectNamed } from './selections.ts'
import type { KindStatus } from './source.ts'

export type RunningReflector = { readonly reflector: Reflector; stop(): void; readonly done: Promise<void> }

export type SecretWatcherOptions = {
  readonly run: (selection: Selection) => RunningReflector
  readonly onGone: (key: ObjectKey) => void
  /** There are more than can be watched. */
  readonly onTooMany: (count: number, watched: number) => void
}

// Each is a connection to the API server. More Secrets of other types than TLS, or missing ones, are not worth it.
const maxWatched = 256

/** A watch for each Secret that is not of the TLS type, which are listed together: a selector cannot name two objects. */
export class SecretWatcher implements NamedSecrets {
  readonly #options: SecretWatcherOptions
  readonly #running = new Map<ObjectKey, RunningReflector>()

  constructor(options: SecretWatcherOptions) {
    this.#options = options
  }

  follow(keys: ReadonlySet<ObjectKey>): void {
    if (keys.size > maxWatched) this.#options.onTooMany(keys.size, maxWatched)
    const wanted = keys.size > maxWatched ? new Set([...keys].slice(0, maxWatched)) : keys
    for (const [key, running] of this.#running) {
      if (wanted.has(key)) continue
      running.stop()
      this.#running.delete(key)
      this.#options.onGone(key)
    }
    for (const key of wanted) {
      if (!this.#running.has(key)) this.#running.set(key, this.#options.run(selectNamed('Secret', key)))
    }
  }

  refresh(): void {
    // A watch is never old.
  }

  find(key: ObjectKey): Secret | undefined {
    const object = this.#running.get(key)?.reflector.objects.get(key)
    return object?.kind === 'Secret' ? object : undefined
  }

  get settled(): boolean {
    return [...this.#running.values()].every(({ reflector }) => reflector.settled)
  }

  statuses(): readonly KindStatus[] {
    return [...this.#running.values()].map(({ reflector }) => reflector.status())
  }

  async start(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }
}
