import { EventLoopDelay } from '../event-loop-delay.ts'
import { droppedLogLines, type Logger } from '../log.ts'
import type { TablePatch } from '../router/diff.ts'
import { applyPatch, applyPatchInPlace } from '../router/patch.ts'
import {
  type BackendId,
  defaultSettings,
  type EndpointId,
  type HostTable,
  type RoutingTable,
  type Settings,
} from '../router/table.ts'
import { SniContexts } from '../tls/sni.ts'
import { openAccessLog } from './access-log.ts'
import { Balancer } from './balancer.ts'
import { Counters } from './counters.ts'
import { EndpointHealth } from './endpoint-health.ts'
import { type BoundPorts, Listeners, type ListenOptions } from './listeners.ts'
import type { ProcessReport } from './messages.ts'
import type { ProxyOptions } from './proxy-options.ts'
import type { ProxyState } from './proxy-state.ts'
import { RetryBudget } from './retry.ts'
import { SilenceWatch } from './silence-watch.ts'
import { identityRules } from './trusted-peers.ts'
import { UpstreamPool } from './upstream-pool.ts'

/** Pools and counters of what has left the table are swept this long after a change, once for all that come meanwhile. */
const sweepAfterMs = 1_000
const closeIdleEveryMs = 500

export type DataPlaneOptions = { readonly log: Logger; readonly options: ProxyOptions }

/** Carries the traffic of one process: a table, the listeners, and the state that outlives tables. */
export class DataPlane {
  readonly #contexts: SniContexts
  readonly #proxy: ProxyState
  readonly #eventLoopDelay = new EventLoopDelay()
  #pending: RoutingTable | undefined
  #listeners: Listeners | undefined
  #sweep: NodeJS.Timeout | undefined

  constructor({ log, options }: DataPlaneOptions) {
    this.#contexts = new SniContexts({
      onError: (error, certificate) =>
        log.error({ certificate: certificate.id, error: error.message }, 'certificate refused'),
    })
    const counters = new Counters()
    const health = new EndpointHealth({ log, counters, onEjected: () => this.#scheduleSweep() })
    const pool = new UpstreamPool({
      connectTimeoutMs: defaultSettings.connectTimeoutMs,
      health,
      lean: options.leanUpstream,
    })
    this.#proxy = {
      table: emptyTable,
      identityRules: identityRules(defaultSettings),
      draining: false,
      pool,
      balancer: new Balancer({ ejected: health.ejected }),
      health,
      silence: new SilenceWatch({ health, connections: () => pool.busy, onTick: () => pool.checkTimes() }),
      retryBudget: new RetryBudget(),
      options,
      accessLog: openAccessLog(options),
      counters,
      log,
    }
  }

  /** Patches of one group are collected and take effect together, with the one that is `last`. */
  apply(patch: TablePatch, last: boolean): void {
    // Of a table in pieces, none but the last may be seen. Whoever routes a request does so at once, and keeps but the route.
    const isWhole = last && this.#pending === undefined
    const table = isWhole
      ? applyPatchInPlace(this.#proxy.table, patch)
      : applyPatch(this.#pending ?? this.#proxy.table, patch)
    this.#pending = last ? undefined : table
    if (!last) return
    if (table.certificates !== this.#proxy.table.certificates) this.#contexts.setCertificates(table.certificates)
    if (table.settings !== this.#proxy.table.settings) this.#applySettings(table.settings)
    this.#proxy.table = table
    this.#scheduleSweep()
  }

  /** @throws the error of `listen` when a port cannot be had. */
  listen(options: ListenOptions): Promise<BoundPorts> {
    this.#listeners = new Listeners(this.#proxy, this.#contexts)
    return this.#listeners.listen(options)
  }

  report(): ProcessReport {
    const { counters, accessLog } = this.#proxy
    counters.accessLogLinesDropped = accessLog?.dropped ?? 0
    counters.logLinesDropped = droppedLogLines()
    return {
      counters: counters.snapshot(),
      eventLoopDelay: this.#eventLoopDelay.read(),
      residentBytes: process.memoryUsage.rss(),
      generation: this.#proxy.table.generation,
    }
  }

  /** Goes on serving, but asks every client to take its next request elsewhere. */
  announceEnd(): void {
    this.#proxy.draining = true
    this.#listeners?.announceEnd()
  }

  /** Takes no new connection, lets what is under way end, and cuts what is left at the deadline. */
  async drain(deadlineMs: number): Promise<void> {
    this.announceEnd()
    const listeners = this.#listeners
    if (listeners !== undefined) {
      listeners.stopAccepting()
      listeners.closeIdle()
      const idle = setInterval(() => listeners.closeIdle(), closeIdleEveryMs)
      const deadline = setTimeout(() => listeners.destroy(), deadlineMs)
      await listeners.empty()
      clearInterval(idle)
      clearTimeout(deadline)
      listeners.destroy()
    }
    clearTimeout(this.#sweep)
    this.#proxy.silence.stop()
    this.#proxy.pool.close()
    await this.#proxy.accessLog?.close()
    this.#eventLoopDelay.stop()
  }

  #applySettings(settings: Settings): void {
    this.#proxy.identityRules = identityRules(settings)
    this.#proxy.pool.setConnectTimeout(settings.connectTimeoutMs)
    this.#listeners?.applySettings(settings)
  }

  #scheduleSweep(): void {
    this.#sweep ??= setTimeout(() => this.#sweepState(), sweepAfterMs).unref()
  }

  #sweepState(): void {
    this.#sweep = undefined
    const { backends, listeners } = this.#proxy.table
    const endpoints = new Set<EndpointId>()
    for (const backend of backends.values()) for (const endpoint of backend.endpoints) endpoints.add(endpoint.id)
    this.#proxy.pool.retain((id) => endpoints.has(id))
    this.#proxy.health.retain((id) => endpoints.has(id))
    this.#proxy.balancer.retain((id: BackendId) => backends.has(id))
    const hosts = new Set<string>()
    for (const { hosts: table } of listeners.values()) for (const name of hostNames(table)) hosts.add(name)
    this.#proxy.counters.retain(({ host }) => hosts.has(host))
  }
}

function* hostNames({ exact, oneLabel, anyLabel, rest }: HostTable): Generator<string> {
  yield* exact.keys()
  for (const wildcards of [...oneLabel.values(), ...anyLabel.values()]) for (const { name } of wildcards) yield name
  if (rest !== undefined) yield rest.name
}

const emptyTable: RoutingTable = {
  generation: 0,
  listeners: new Map(),
  backends: new Map(),
  certificates: new Map(),
  settings: defaultSettings,
}
