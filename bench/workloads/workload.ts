import type { Tools } from '../load/tools.ts'
import type { Instance } from '../measure/instances.ts'
import type { Sample } from '../measure/sample.ts'
import type { Ability, Peer, Setup } from '../peers/peer.ts'
import { plainSetup } from '../peers/peer.ts'
import type { Cores } from '../support/cores.ts'

/** Who takes part in a workload: a peer, and how it is set up for it. */
export type Entrant = {
  readonly label: string
  readonly peer: Peer
  readonly setup: Setup
  /** The entrant that its ratio is to. */
  readonly comparedTo: string
}

/** What is measured: one table of the report. */
export type Workload = {
  readonly name: string
  readonly title: string
  /** What a reader must know beyond the title. */
  readonly notes?: readonly string[]
  readonly loadBy: string
  readonly entrants: readonly Entrant[]
  /** Why it cannot run here. */
  readonly unavailable?: string | undefined
  /** Part of `--seconds` that a round takes. */
  readonly share: number
  readonly maxRounds: number
  /** Each round with a proxy that has just been started, and warmed up. */
  readonly isFresh: boolean
  /** Also compared with the same entrant, beside CPU: the head of the column, and which figure. */
  readonly alsoCompared?: { readonly head: string; readonly figure: (sample: Sample) => number }
  /** What the rows are about. */
  readonly figure: 'cpu' | 'memory'
  measure(entrant: Entrant, instance: Instance, seconds: number): Promise<Sample>
}

/** What workloads need to know of this run. */
export type Bench = {
  readonly peers: readonly Peer[]
  readonly tools: Tools
  /** For clients to write into. */
  readonly folder: string
  coresFor(workers: number): Cores
}

export const defaults = { share: 1, maxRounds: Number.POSITIVE_INFINITY, isFresh: false, figure: 'cpu' } as const

/** Every peer that can do it, compared with nginx where that takes part, else with Headgate. */
export function entrantsOf(
  { peers }: Bench,
  abilities: readonly Ability[],
  setup: Partial<Setup> = {},
): readonly Entrant[] {
  const able = peers.filter((peer) => abilities.every((ability) => peer.abilities.has(ability)))
  const comparedTo = baselineOf(able.map(({ name }) => name))
  return able.map((peer) => ({ label: peer.name, peer, setup: { ...plainSetup, ...setup }, comparedTo }))
}

export function baselineOf(names: readonly string[]): string {
  return ['nginx', 'headgate', ...names].find((name) => names.includes(name)) ?? ''
}
