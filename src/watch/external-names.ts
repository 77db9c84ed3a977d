import type { LookupAddress } from 'node:dns'
import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Logger } from '../log.ts'
import { Backoff, pause } from './backoff.ts'
import { limitWarnings } from './limit-log.ts'

export type ExternalNamesOptions = {
  readonly logger: Logger
  /** The addresses of all names that could be resolved, whenever they change. */
  readonly onChange: (addresses: ReadonlyMap<string, readonly string[]>) => void
  /** `address` or `address:port`. Default: those of the system. */
  readonly servers?: readonly string[]
  /** For names that DNS does not have, as those of /etc/hosts. Default: the system's. */
  readonly lookup?: (name: string) => Promise<readonly Pick<LookupAddress, 'address'>[]>
  /** Milliseconds between two questions about one name, whatever its time to live. */
  readonly minTtlMs?: number
  readonly maxTtlMs?: number
  readonly minBackoffMs?: number
  readonly maxBackoffMs?: number
}

type Answer = { readonly addresses: readonly string[]; readonly ttlMs: number }

// getaddrinfo tells no time to live.
const lookupTtlMs = 30_000
const notFound: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA'])

/** Keeps the addresses of names by their time to live. A name that fails keeps its last ones, and harms no other. */
export class ExternalNames {
  readonly #options: Required<Omit<ExternalNamesOptions, 'servers'>>
  readonly #resolver = new Resolver({ timeout: 2_000, tries: 2 })
  readonly #warn: (fields: object, message: string) => void
  readonly #following = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>()
  readonly #addresses = new Map<string, readonly string[]>()
  #names: readonly string[] = []
  #signal: AbortSignal | undefined
  #holdOff: NodeJS.Timeout | undefined

  constructor({ servers, ...options }: ExternalNamesOptions) {
    this.#options = {
      lookup: (name) => lookup(name, { all: true }),
      minTtlMs: 5_000,
      maxTtlMs: 300_000,
      minBackoffMs: 1_000,
      maxBackoffMs: 30_000,
      ...options,
    }
    if (servers !== undefined) this.#resolver.setServers(servers)
    this.#warn = limitWarnings(options.logger, 60_000)
  }

  setNames(names: Iterable<string>): void {
    this.#names = [...new Set(names)]
    this.#follow()
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    this.#follow()
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    clearTimeout(this.#holdOff)
    this.#resolver.cancel()
    await Promise.all([...this.#following.values()].map(({ done }) => done))
  }

  #follow(): void {
    const signal = this.#signal
    if (signal === undefined || signal.aborted) return
    const wanted = new Set(this.#names)
    for (const [name, { stop }] of this.#following) {
      if (wanted.has(name)) continue
      stop.abort()
      this.#following.delete(name)
      if (this.#addresses.delete(name)) this.#tell()
    }
    for (const name of wanted) {
      if (this.#following.has(name)) continue
      const stop = new AbortController()
      this.#following.set(name, { stop, done: this.#keep(name, AbortSignal.any([signal, stop.signal])) })
    }
  }

  async #keep(name: string, signal: AbortSignal): Promise<void> {
    const { minTtlMs, maxTtlMs, minBackoffMs, maxBackoffMs } = this.#options
    const backoff = new Backoff({ minMs: minBackoffMs, maxMs: maxBackoffMs, random: Math.random })
    while (!signal.aborted) {
      try {
        const { addresses, ttlMs } = await this.#resolve(name)
        if (signal.aborted) return
        backoff.reset()
        this.#set(name, addresses)
        await pause(Math.min(maxTtlMs, Math.max(minTtlMs, ttlMs)), signal)
      } catch (error) {
        if (signal.aborted) return
        this.#warn({ name, error }, 'external name cannot be resolved; its last addresses are kept')
        await pause(minBackoffMs + backoff.next(), signal)
      }
    }
  }

  async #resolve(name: string): Promise<Answer> {
    if (isIP(name) !== 0) return { addresses: [name], ttlMs: Number.POSITIVE_INFINITY }
    const answers = await Promise.allSettled([
      this.#resolver.resolve4(name, { ttl: true }),
      this.#resolver.resolve6(name, { ttl: true }),
    ])
    const records = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    if (records.length > 0) {
      const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1000
      return { addresses: sortUnique(records.map(({ address }) => address)), ttlMs }
    }
    const failure = answers.find((answer) => answer.status === 'rejected' && !notFound.has(answer.reason?.code))
    if (failure?.status === 'rejected') throw failure.reason
    const found = await this.#options.lookup(name)
    if (found.length === 0) throw new Error(`${name} has no address`)
    return { addresses: sortUnique(found.map(({ address }) => address)), ttlMs: lookupTtlMs }
  }

  // DNS servers rotate their answers; only another set is a change.
  #set(name: string, addresses: readonly string[]): void {
    if (String(this.#addresses.get(name)) === String(addresses)) return
    this.#addresses.set(name, addresses)
    this.#tell()
  }

  #tell(): void {
    this.#holdOff ??= setTimeout(() => {
      this.#holdOff = undefined
      this.#options.onChange(new Map(this.#addresses))
    }, 20)
  }
}

function sortUnique(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].sort()
}
