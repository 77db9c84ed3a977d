import type { ObjectKey, Secret } from './objects.ts'
import type { KindStatus } from './source.ts'

/** Secrets that are followed one by one, each by its name. */
export interface NamedSecrets {
  /** These from now on, and no others. */
  follow(keys: ReadonlySet<ObjectKey>): void
  /** Somebody has just begun to name these: what is known of them may be old. */
  refresh(keys: Iterable<ObjectKey>): void
  find(key: ObjectKey): Secret | undefined
  /** Each was asked for once, and what came back is no reason to wait: a Secret may be missing or forbidden. */
  readonly settled: boolean
  statuses(): readonly KindStatus[]
  /** Ends when the signal does. */
  start(signal: AbortSignal): Promise<void>
}
