import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '../log.ts'
import type { ApiClient } from './api-client.ts'
import { hasStatus } from './api-error.ts'
import { Backoff, type BackoffOptions, pause } from './backoff.ts'
import { limitWarnings } from './limit-log.ts'
import type { Ingress, LoadBalancerAddress, ObjectKey } from './objects.ts'
import { pathOfKind } from './resource-path.ts'
import { ServerBackoff } from './server-backoff.ts'
import { Waker } from './waker.ts'

export type StatusWriterOptions = {
  readonly client: ApiClient
  readonly logger: Logger
  /** Milliseconds between two writes: 10,000 Ingresses must not flood the API server. */
  readonly intervalMs?: number
  readonly minBackoffMs?: number
  readonly maxBackoffMs?: number
  /** Milliseconds until a status that somebody else has overwritten is written again: two writers must not race. */
  readonly rewriteMs?: number
}

// How many Ingresses are cleared at once: the pod is about to end, and waits for it.
const clearedAtOnce = 10

type Attempt = { readonly backoff: Backoff; notBeforeMs: number }

/** Writes our addresses into `status.loadBalancer` of Ingresses, and only where they are not there yet. */
export class StatusWriter {
  readonly #options: Required<StatusWriterOptions>
  readonly #warn: (fields: object, message: string) => void
  readonly #waker = new Waker()
  #addresses: readonly LoadBalancerAddress[] = []
  #ingresses: ReadonlyMap<ObjectKey, Ingress> = new Map()
  readonly #pending = new Set<ObjectKey>()
  /** As it was when it was found right, or written. */
  readonly #done = new Map<ObjectKey, Ingress>()
  readonly #attempts = new Map<ObjectKey, Attempt>()
  readonly #server: ServerBackoff

  constructor(options: StatusWriterOptions) {
    this.#options = { intervalMs: 50, minBackoffMs: 1_000, maxBackoffMs: 60_000, rewriteMs: 30_000, ...options }
    this.#server = new ServerBackoff(this.#backoffOptions)
    this.#warn = limitWarnings(options.logger, 60_000)
  }

  /** All Ingresses that are ours, as last seen, and what their status is to say. Others are never touched. */
  setDesired(ingresses: ReadonlyMap<ObjectKey, Ingress>, addresses: readonly LoadBalancerAddress[]): void {
    if (!isDeepStrictEqual(addresses, this.#addresses)) {
      this.#done.clear()
      this.#attempts.clear()
    }
    this.#addresses = addresses
    this.#ingresses = ingresses
    for (const map of [this.#done, this.#attempts]) {
      for (const key of map.keys()) if (!ingresses.has(key)) map.delete(key)
    }
    this.#pending.clear()
    for (const [key, ingress] of ingresses) {
      if (this.#done.get(key) === ingress) continue
      if (isDeepStrictEqual(ingress.status?.loadBalancer?.ingress ?? [], addresses)) this.#done.set(key, ingress)
      else this.#pending.add(key)
    }
    this.#waker.wake()
  }

  /** Writes until the signal ends: as long as we are the leader. */
  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#server.waitMs > 0) {
        await pause(this.#server.waitMs, signal)
        continue
      }
      const nowMs = performance.now()
      const waits = [...this.#pending].map((key) => (this.#attempts.get(key)?.notBeforeMs ?? 0) - nowMs)
      const due = [...this.#pending].find((_, index) => (waits[index] ?? 0) <= 0)
      if (due === undefined) await this.#waker.wait(Math.min(...waits, 60_000), signal)
      else await Promise.all([this.#write(due, signal), pause(this.#options.intervalMs, signal)])
    }
  }

  /** Takes our addresses out again, where nobody else has written since: before the last of us goes. */
  async clear(signal: AbortSignal): Promise<void> {
    const left = [...this.#ingresses].filter(
      ([key, ingress]) => this.#addresses.length > 0 && this.#done.get(key) === ingress,
    )
    const ingresses = left.length
    let cleared = 0
    const clearNext = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined && !signal.aborted; next = left.pop()) {
        try {
          await this.#options.client.patch(pathOfStatus(next[1]), { status: { loadBalancer: { ingress: [] } } }, signal)
          cleared++
        } catch (error) {
          // What is wrong with one Ingress stays wrong; what is wrong with the server may pass.
          if (this.#server.onFailure(error)) left.push(next)
        }
        await pause(this.#server.waitMs, signal)
      }
    }
    await Promise.all(Array.from({ length: clearedAtOnce }, clearNext))
    this.#options.logger.info({ ingresses, cleared }, 'last replica: the status of Ingresses is cleared')
  }

  async #write(key: ObjectKey, signal: AbortSignal): Promise<void> {
    const ingress = this.#ingresses.get(key)
    if (ingress === undefined) return
    const addresses = this.#addresses
    const attempt = this.#attemptOf(key)
    try {
      const patch = { status: { loadBalancer: { ingress: addresses } } }
      await this.#options.client.patch(pathOfStatus(ingress), patch, signal)
      this.#finish(key, ingress, addresses)
      this.#server.onSuccess()
      attempt.backoff.reset()
      attempt.notBeforeMs = performance.now() + this.#options.rewriteMs
    } catch (error) {
      if (signal.aborted) return
      // Gone meanwhile; the watch will say so.
      if (hasStatus(error, 404)) return this.#finish(key, ingress, addresses)
      this.#warn({ ingress: key, error }, 'Ingress status cannot be written; it will be tried again')
      this.#server.onFailure(error)
      // In any case, so that one that always fails does not stand before the others.
      attempt.notBeforeMs = performance.now() + this.#options.minBackoffMs + attempt.backoff.next(error)
    }
  }

  /** Unless something else is desired by now. */
  #finish(key: ObjectKey, ingress: Ingress, addresses: readonly LoadBalancerAddress[]): void {
    if (addresses !== this.#addresses || this.#ingresses.get(key) !== ingress) return
    this.#done.set(key, ingress)
    this.#pending.delete(key)
  }

  #attemptOf(key: ObjectKey): Attempt {
    const known = this.#attempts.get(key)
    if (known !== undefined) return known
    const attempt = { backoff: new Backoff(this.#backoffOptions), notBeforeMs: 0 }
    this.#attempts.set(key, attempt)
    return attempt
  }

  get #backoffOptions(): BackoffOptions {
    const { minBackoffMs, maxBackoffMs } = this.#options
    return { minMs: minBackoffMs, maxMs: maxBackoffMs, random: Math.random }
  }
}

function pathOfStatus({ metadata: { namespace, name } }: Ingress): string {
  return `${pathOfKind('Ingress', namespace)}/${encodeURIComponent(name)}/status`
}
