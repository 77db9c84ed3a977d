import type { Delay } from '../event-loop-delay.ts'
import type { LogFormat, LogLevel } from '../log.ts'
import type { TablePatch } from '../router/diff.ts'
import type { CountersSnapshot } from './counters.ts'
import type { BoundPorts, ListenOptions } from './listeners.ts'
import type { ProxyOptions } from './proxy-options.ts'

// What the primary and its workers say to each other. Sent by structured clone: maps and typed arrays arrive as they are.

export type ToWorker =
  /** `last` ends a group of patches that take effect together. */
  | { readonly type: 'patch'; readonly patch: TablePatch; readonly last: boolean }
  | { readonly type: 'listen'; readonly options: ListenOptions }
  | { readonly type: 'report'; readonly id: number }
  | { readonly type: 'announce-end' }
  | { readonly type: 'drain'; readonly deadlineMs: number }

export type FromWorker =
  | { readonly type: 'started' }
  | { readonly type: 'listening'; readonly ports: BoundPorts }
  | { readonly type: 'listen-failed'; readonly code: string; readonly port: number; readonly message: string }
  | { readonly type: 'report'; readonly id: number; readonly report: ProcessReport }
  | { readonly type: 'drained' }

/** Handed to a worker in its environment, as JSON, before it can be sent anything. */
export type WorkerSetup = {
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly proxy: ProxyOptions
}

/** What one process that carries traffic tells about itself at a scrape. */
export type ProcessReport = {
  readonly counters: CountersSnapshot
  readonly eventLoopDelay: Delay
  readonly residentBytes: number
  /** Of the table it serves. */
  readonly generation: number
}
