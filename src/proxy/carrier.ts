import type { TablePatch } from '../router/diff.ts'
import type { BoundPorts, ListenOptions } from './listeners.ts'
import type { ProcessReport } from './messages.ts'

/** Who carries the traffic for the control plane: this very process, or workers. */
export interface Carrier {
  /**
   * Opens the listeners with a first table.
   * @throws the error of `listen`, with `code` and `port`, when a port cannot be had.
   */
  start(first: readonly TablePatch[], listen: ListenOptions): Promise<BoundPorts>
  update(patch: TablePatch): void
  reports(): Promise<readonly NamedReport[]>
  /** Names of the processes that live, as in their reports. */
  processes(): readonly string[]
  /** Worker processes, and how many had to be replaced since the start. */
  readonly workers: { readonly alive: number; readonly restarts: number }
  /** Goes on serving, but asks every client to take its next request elsewhere. */
  announceEnd(): void
  /** Resolves when all connections have ended, or were cut at the deadline. */
  drain(deadlineMs: number): Promise<void>
}

/** `process` stays the same while a process lives and is never used again. */
export type NamedReport = { readonly process: string; readonly report: ProcessReport }
