import type { Problem } from '../problem.ts'
import type { ClusterState } from './cluster-state.ts'

/** Where objects come from: a folder or a cluster. */
export interface Source {
  /** Ends when the signal does, with everything closed. Whatever goes wrong meanwhile is tried again. */
  start(signal: AbortSignal): Promise<void>
  /** As of now, for metrics. */
  connection(): ConnectionStatus
}

export type SourceEvents = {
  /** First when everything has been read once, then after each change, bursts merged into one. */
  onState(state: ClusterState, problems: readonly Problem[]): void
  /** When a connection was made or lost. */
  onConnection(status: ConnectionStatus): void
}

export type ConnectionStatus = {
  /** Every kind is connected. */
  readonly connected: boolean
  /** When anything was last heard. Milliseconds since the epoch; undefined: never. */
  readonly lastContactMs: number | undefined
  /** One for each kind that is watched; empty where objects come from files. */
  readonly kinds: readonly KindStatus[]
}

export type KindStatus = {
  readonly kind: string
  readonly connected: boolean
  readonly lastContactMs: number | undefined
}
