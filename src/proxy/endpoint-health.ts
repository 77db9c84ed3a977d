import type { Logger } from '../log.ts'
import type { Endpoint, EndpointId } from '../router/table.ts'
import type { Counters, EjectionReason } from './counters.ts'
import { type ProbeResult, probe, resultOfConnectError } from './probe.ts'

/** Everything here is counted in ticks: what requests do for it must cost no look at a clock. */
export const tickMs = 250

/** A connect takes a round trip, and the kernel repeats a lost packet after a second. Less than that: the next probe is then due. */
const probeTimeoutMs = 900
/** No answer for longer than this is worth a probe. */
export const silentTicks = 1_000 / tickMs
const probeEvery = 1_000 / tickMs
/** An endpoint that is slow and answers probes: not again so soon, and rarely for one and the same wait. */
const probeSlowEvery = 2_000 / tickMs
const probeSameWaitEvery = 15_000 / tickMs
const maxProbes = 128
const recentTicks = 2_000 / tickMs
/** Longer ago than anything that matters. */
const never = -1_000

/** So many probes without an answer, and nothing else heard: nobody will ever answer what was sent there. */
const missesUntilGone = 3
/** A quiet tunnel is nothing unusual, and its client cannot just ask again. */
const missesUntilTunnelsEnd = 10

/** What is known of one endpoint. Its connections point here. Times are ticks. */
export type EndpointState = {
  readonly endpoint: Endpoint
  /** When bytes, an accepted connection or a reset last came from it. */
  heardAt: number
  /** When the last probe began. */
  probedAt: number
  isProbed: boolean
  /** Probes without an answer, one after another. */
  misses: number
  /** Times that it fell silent. Connections of before may be dead without knowing. */
  silences: number
  /** It has left the table. */
  isForgotten: boolean
}

export type EndpointHealthOptions = {
  readonly log: Logger
  readonly counters: Counters
  /** A request that still waits at an endpoint which has left the table may have it ejected: time for `retain`. */
  readonly onEjected: () => void
}

/**
 * Which endpoints are ejected: nobody takes connections there, so new requests pass them by until a probe gets through. Known by
 * address and kept across table swaps. Ejecting for less (failures, latency) would need a floor, as such an endpoint can still
 * carry load; one that takes no connection carries none, so it is passed by as long as any other is left.
 */
export class EndpointHealth {
  /** Of the clock: grows by one each `tickMs`. */
  now = 0
  readonly #states = new Map<EndpointId, EndpointState>()
  readonly #ejected = new Map<EndpointId, EndpointState>()
  readonly #probes = new Set<() => void>()
  readonly #log: Logger
  readonly #counters: Counters
  readonly #onEjected: () => void
  /** Most endpoints are ejected, and nothing is heard from any. */
  #isAlone = false

  constructor({ log, counters, onEjected }: EndpointHealthOptions) {
    this.#log = log
    this.#counters = counters
    this.#onEjected = onEjected
  }

  get ejected(): ReadonlyMap<EndpointId, EndpointState> {
    return this.#ejected
  }

  stateOf(endpoint: Endpoint): EndpointState {
    const known = this.#states.get(endpoint.id)
    if (known !== undefined) return known
    const state = {
      endpoint,
      heardAt: never,
      probedAt: never,
      isProbed: false,
      misses: 0,
      silences: 0,
      isForgotten: false,
    }
    this.#states.set(endpoint.id, state)
    return state
  }

  /** It has left the table: nobody waits for a connection there any longer than he must. */
  isForgotten(state: EndpointState): boolean {
    return state.isForgotten
  }

  isSilent(state: EndpointState): boolean {
    return this.now - state.heardAt > silentTicks
  }

  /**
   * What was sent there is lost. Never where most endpoints in use are ejected and the others are not heard either: then the
   * fault is more likely on our side of the network, and TCP may still bring everything through.
   */
  isGone(state: EndpointState, isTunnel: boolean): boolean {
    const misses = isTunnel ? missesUntilTunnelsEnd : missesUntilGone
    return state.misses >= misses && this.isSilent(state) && !this.#isAlone
  }

  onConnected(state: EndpointState): void {
    state.heardAt = this.now
    state.misses = 0
    this.#restore(state)
  }

  onConnectFailed(state: EndpointState, code: string | undefined): void {
    this.#judge(state, resultOfConnectError(code))
  }

  /** A connect has had no answer for longer than a probe would wait. */
  onConnectSlow(state: EndpointState): void {
    this.#judge(state, 'silent')
  }

  /** A request has been waiting since then, and nothing else is heard from there either. */
  suspect(state: EndpointState, waitingSince: number): void {
    if (this.#ejected.has(state.endpoint.id)) return
    const age = this.now - state.probedAt
    if (
      state.misses > 0
        ? age >= probeEvery
        : age >= (waitingSince > state.probedAt ? probeSlowEvery : probeSameWaitEvery)
    ) {
      this.#probe(state)
    }
  }

  tick(): void {
    this.now++
    this.#isAlone = this.#ejected.size * 2 > this.#states.size && !this.#isAnyHeard()
    // One that is probed moves to the end: each gets its turn, however many there are.
    for (const state of this.#ejected.values()) if (this.now - state.probedAt >= probeEvery) this.#probe(state)
  }

  #isAnyHeard(): boolean {
    for (const { heardAt } of this.#states.values()) if (this.now - heardAt <= recentTicks) return true
    return false
  }

  /** Forgets endpoints that are gone. A request that still waits there keeps its state, which ejects nobody any more. */
  retain(isLive: (id: EndpointId) => boolean): void {
    for (const [id, state] of this.#states) {
      if (isLive(id)) continue
      state.isForgotten = true
      this.#states.delete(id)
      this.#ejected.delete(id)
    }
    this.#counters.endpointsEjected = this.#ejected.size
  }

  stop(): void {
    for (const cancel of this.#probes) cancel()
    this.#probes.clear()
  }

  #probe(state: EndpointState): void {
    if (state.isProbed || this.#probes.size >= maxProbes) return
    const { endpoint } = state
    if (this.#ejected.delete(endpoint.id)) this.#ejected.set(endpoint.id, state)
    state.isProbed = true
    state.probedAt = this.now
    const cancel = probe(endpoint, probeTimeoutMs, (result) => {
      this.#probes.delete(cancel)
      state.isProbed = false
      if (result === 'accepted') return this.onConnected(state)
      if (result !== 'unknown') state.misses = result !== 'refused' && this.isSilent(state) ? state.misses + 1 : 0
      this.#judge(state, result)
    })
    this.#probes.add(cancel)
  }

  #judge(state: EndpointState, result: ProbeResult): void {
    switch (result) {
      case 'refused':
        // A host that refuses is alive: what its other connections carry is not lost.
        state.heardAt = this.now
        this.#eject(state, result)
        break
      case 'unreachable':
        this.#eject(state, result)
        break
      case 'silent':
        // One that has no room for a connection, but answers on others, is busy and not gone.
        if (this.isSilent(state)) this.#eject(state, result)
        break
      case 'accepted':
      case 'unknown':
        break
      default:
        result satisfies never
    }
  }

  #eject(state: EndpointState, reason: EjectionReason): void {
    const { id } = state.endpoint
    if (this.#ejected.has(id) || this.isForgotten(state)) return
    this.#ejected.set(id, state)
    if (reason !== 'refused') state.silences++
    // Silence is asked about at once: it may have been one lost packet.
    if (reason !== 'silent') state.probedAt = this.now
    this.#counters.ejections[reason]++
    this.#counters.endpointsEjected = this.#ejected.size
    this.#onEjected()
    // Pods that end refuse a moment before Kubernetes tells of it: that is daily life.
    this.#log[reason === 'refused' ? 'info' : 'warn']({ endpoint: id, reason }, 'endpoint ejected')
  }

  #restore(state: EndpointState): void {
    const { id } = state.endpoint
    if (this.#ejected.size === 0 || !this.#ejected.delete(id)) return
    this.#counters.endpointsEjected = this.#ejected.size
    this.#log.info({ endpoint: id }, 'endpoint takes connections again')
  }
}
