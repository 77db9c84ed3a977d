import { isRecord } from '../is-record.ts'
import type { Logger } from '../log.ts'
import type { ApiClient } from './api-client.ts'
import { ApiError, hasStatus } from './api-error.ts'
import { pause } from './backoff.ts'
import { limitWarnings } from './limit-log.ts'
import { pathOfResource } from './resource-path.ts'

export type LeaseTiming = {
  /** How long others leave a leader alone that does not renew. */
  readonly durationMs: number
  /** How long a leader goes on without having renewed: less, so that there are never two. */
  readonly renewDeadlineMs: number
  readonly retryMs: number
}

// Those of client-go, so that a Headgate behaves as other controllers do.
const defaultLeaseTiming: LeaseTiming = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 }

export type LeaderElectionOptions = {
  readonly client: ApiClient
  readonly logger: Logger
  readonly namespace: string
  readonly name: string
  /** Of this replica: the pod's name. */
  readonly identity: string
  /** Runs while we lead; must end when its signal does. */
  readonly lead: (signal: AbortSignal) => Promise<void>
  /** Runs at our end where nobody takes the Lease that we have let go: we are the last. Must end when its signal does. */
  readonly leaveLast?: (signal: AbortSignal) => Promise<void>
  readonly timing?: LeaseTiming
}

type Lease = { readonly metadata: object; readonly spec: Readonly<Record<string, unknown>> }

/** Leader election by a Lease, as client-go does it: whoever writes its name first leads until it stops renewing. */
export class LeaderElection {
  readonly #options: LeaderElectionOptions
  readonly #timing: LeaseTiming
  readonly #path: string
  readonly #warn: (fields: object, message: string) => void
  /** Clocks of other replicas may be wrong: what counts is when we saw the Lease change, by our own clock. */
  #observed = { record: '', atMs: 0 }
  #leading = false
  /** What the API server asks to wait, with 429 and 503. */
  #askedMs = 0

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#timing = options.timing ?? defaultLeaseTiming
    this.#path = pathOfResource('coordination.k8s.io/v1', 'leases', options.namespace)
    this.#warn = limitWarnings(options.logger, 60_000)
  }

  get isLeader(): boolean {
    return this.#leading
  }

  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.#tryAcquire(signal)) await this.#leadUntilLost(signal)
      await pause(this.#waitMs(1 + Math.random() * 0.2), signal)
    }
  }

  async #leadUntilLost(signal: AbortSignal): Promise<void> {
    const lost = new AbortController()
    this.#leading = true
    this.#options.logger.info({ lease: this.#options.name }, 'leading: this replica writes status and Events')
    const work = this.#options.lead(AbortSignal.any([signal, lost.signal]))
    let renewedMs = performance.now()
    // Set anew with each renewal: a request that hangs must not keep us leading.
    let deadline = setTimeout(() => lost.abort(), this.#timing.renewDeadlineMs)
    const any = AbortSignal.any([signal, lost.signal])
    while (!any.aborted) {
      await pause(this.#waitMs(1), any)
      if (any.aborted || !(await this.#tryAcquire(any))) continue
      renewedMs = performance.now()
      clearTimeout(deadline)
      deadline = setTimeout(() => lost.abort(), this.#timing.renewDeadlineMs)
    }
    clearTimeout(deadline)
    await work
    this.#leading = false
    if (signal.aborted) await this.#leave()
    else
      this.#options.logger.warn(
        { lease: this.#options.name, renewedMsAgo: performance.now() - renewedMs },
        'no longer leading',
      )
  }

  /** Takes the Lease or renews it. False: somebody else has it, or it cannot be written. */
  async #tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { client, identity, name } = this.#options
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#timing.renewDeadlineMs)])
    this.#askedMs = 0
    try {
      const lease = await this.#get(limited)
      if (lease === undefined) {
        await client.create(this.#path, this.#lease({ name }, this.#newSpec(undefined)), limited)
        return true
      }
      if (!this.#isFree(lease)) return false
      const metadata = { ...lease.metadata }
      await client.replace(
        `${this.#path}/${name}`,
        this.#lease(metadata, { ...lease.spec, ...this.#newSpec(lease) }),
        limited,
      )
      return true
    } catch (error) {
      this.#askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
      // 409: another replica was quicker.
      if (!signal.aborted && !hasStatus(error, 409))
        this.#warn({ lease: name, identity, error }, 'Lease cannot be renewed')
      return false
    }
  }

  async #get(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      const lease = await this.#options.client.get(`${this.#path}/${this.#options.name}`, {}, signal)
      if (!isRecord(lease) || !isRecord(lease['metadata'])) throw new Error('the Lease is not an object')
      return { metadata: lease['metadata'], spec: isRecord(lease['spec']) ? lease['spec'] : {} }
    } catch (error) {
      if (hasStatus(error, 404)) return undefined
      throw error
    }
  }

  #isFree({ spec }: Lease): boolean {
    const holder = spec['holderIdentity']
    const record = JSON.stringify(spec)
    if (record !== this.#observed.record) this.#observed = { record, atMs: performance.now() }
    if (holder === this.#options.identity || holder === undefined || holder === '') return true
    const seconds = spec['leaseDurationSeconds']
    const durationMs = typeof seconds === 'number' ? seconds * 1000 : this.#timing.durationMs
    return performance.now() > this.#observed.atMs + durationMs
  }

  #newSpec(old: Lease | undefined): object {
    const now = microTime()
    const isOurs = old?.spec['holderIdentity'] === this.#options.identity
    const transitions = old?.spec['leaseTransitions']
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#timing.durationMs / 1000)),
      renewTime: now,
      ...(!isOurs && { acquireTime: now, leaseTransitions: typeof transitions === 'number' ? transitions + 1 : 0 }),
    }
  }

  #lease(metadata: object, spec: object): object {
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
  }

  #waitMs(spread: number): number {
    // No longer than a leader that stops waits for a sign of us (#isFollowed), nor than half of the Lease.
    return Math.max(this.#timing.retryMs * spread, Math.min(this.#askedMs, 2 * this.#timing.retryMs))
  }

  async #leave(): Promise<void> {
    await this.#release()
    const { leaveLast } = this.#options
    if (leaveLast === undefined || (await this.#isFollowed())) return
    // Whoever comes now must wait until we are done, or we would undo what it does: less than the Lease lasts.
    const limit = AbortSignal.timeout(this.#timing.renewDeadlineMs)
    if (!(await this.#tryAcquire(limit))) return
    await leaveLast(limit)
    await this.#release()
  }

  /** Every other replica that runs asks for the Lease at least once in this time. */
  async #isFollowed(): Promise<boolean> {
    const untilMs = performance.now() + 3 * this.#timing.retryMs
    const never = new AbortController().signal
    try {
      while (performance.now() < untilMs) {
        await pause(this.#timing.retryMs / 4, never)
        const holder = (await this.#get(AbortSignal.timeout(this.#timing.renewDeadlineMs)))?.spec['holderIdentity']
        if (holder !== undefined && holder !== '') return true
      }
      return false
    } catch {
      // Who cannot tell must not take anything away.
      return true
    }
  }

  /** So that the next replica need not wait for the end of the Lease. */
  async #release(): Promise<void> {
    const { client, identity, name } = this.#options
    const signal = AbortSignal.timeout(Math.min(2_000, this.#timing.renewDeadlineMs))
    try {
      const lease = await this.#get(signal)
      if (lease?.spec['holderIdentity'] !== identity) return
      const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime() }
      await client.replace(`${this.#path}/${name}`, this.#lease(lease.metadata, spec), signal)
    } catch (error) {
      this.#options.logger.debug({ lease: name, error }, 'Lease is not released; it ends by itself')
    }
  }
}

// Kubernetes' MicroTime has exactly six digits.
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z')
}
