import { isRecord } from '../is-record.ts'
import type { Logger } from '../log.ts'
import type { ApiClient } from './api-client.ts'
import { hasStatus } from './api-error.ts'
import { Backoff, pause } from './backoff.ts'
import { limitWarnings } from './limit-log.ts'
import { pathOfResource } from './resource-path.ts'
import { Waker } from './waker.ts'

export type NodeAddressesOptions = {
  readonly client: ApiClient
  readonly logger: Logger
  /** external: ExternalIP, and InternalIP of nodes that have none. */
  readonly type: 'external' | 'internal'
  /** There is something new to ask for. */
  readonly onChange: () => void
  /** Milliseconds after which a node is read again. */
  readonly refreshMs?: number
  readonly minBackoffMs?: number
}

type Known = { readonly addresses: readonly string[]; readonly untilMs: number }

/**
 * The addresses of some nodes: each read when it is new, and then from time to time. They hardly ever change, and a watch would
 * bring the whole status of every node of the cluster, again and again.
 */
export class NodeAddresses {
  readonly #options: Required<NodeAddressesOptions>
  readonly #warn: (fields: object, message: string) => void
  readonly #backoff: Backoff
  readonly #waker = new Waker()
  #names: ReadonlySet<string> = new Set()
  readonly #known = new Map<string, Known>()

  constructor(options: NodeAddressesOptions) {
    this.#options = { refreshMs: 300_000, minBackoffMs: 1_000, ...options }
    this.#warn = limitWarnings(options.logger, 60_000)
    this.#backoff = new Backoff({ minMs: this.#options.minBackoffMs, maxMs: 60_000, random: Math.random })
  }

  setNodes(names: ReadonlySet<string>): void {
    this.#names = names
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
    this.#waker.wake()
  }

  /** undefined: not known yet. A node that is gone has none. */
  get(): readonly string[] | undefined {
    const all = [...this.#names].map((name) => this.#known.get(name)?.addresses)
    return all.every((addresses) => addresses !== undefined) ? all.flat() : undefined
  }

  /** Reads until the signal ends: as long as we are the leader. */
  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const nowMs = performance.now()
      const waits = [...this.#names].map((name) => (this.#known.get(name)?.untilMs ?? 0) - nowMs)
      const due = [...this.#names].find((_, index) => (waits[index] ?? 0) <= 0)
      if (due === undefined) await this.#waker.wait(Math.min(...waits, this.#options.refreshMs), signal)
      else await this.#read(due, signal)
    }
  }

  async #read(name: string, signal: AbortSignal): Promise<void> {
    const path = `${pathOfResource('v1', 'nodes')}/${encodeURIComponent(name)}`
    try {
      this.#keep(name, findNodeAddresses(await this.#options.client.get(path, {}, signal), this.#options.type))
      this.#backoff.reset()
    } catch (error) {
      if (signal.aborted) return
      if (hasStatus(error, 404)) return this.#keep(name, [])
      this.#warn({ node: name, error }, 'addresses of a node cannot be read, so Ingress status stays as it is')
      // For all nodes: what fails here, the right to get them or the way to the API server, fails for each.
      await pause(this.#backoff.next(error), signal)
    }
  }

  #keep(name: string, addresses: readonly string[]): void {
    if (!this.#names.has(name)) return
    this.#known.set(name, { addresses, untilMs: performance.now() + this.#options.refreshMs })
    this.#options.onChange()
  }
}

/** https://kubernetes.io/docs/reference/node/node-status/#addresses */
export function findNodeAddresses(node: unknown, type: NodeAddressesOptions['type']): readonly string[] {
  const status = isRecord(node) && isRecord(node['status']) ? node['status'] : {}
  const all: readonly unknown[] = Array.isArray(status['addresses']) ? status['addresses'] : []
  const ofType = (wanted: string) =>
    all.flatMap((entry) =>
      isRecord(entry) && entry['type'] === wanted && typeof entry['address'] === 'string' ? entry['address'] : [],
    )
  const external = type === 'external' ? ofType('ExternalIP') : []
  return external.length > 0 ? external : ofType('InternalIP')
}
