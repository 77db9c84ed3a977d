import type { ClosedLoop, Target } from '../load/load.ts'
import type { Instance } from '../measure/instances.ts'
import { measureLoad, type Sample } from '../measure/sample.ts'
import type { Bench, Entrant } from './workload.ts'
import { defaults, type Workload } from './workload.ts'

export type ClosedLoopOptions = {
  readonly name: string
  readonly title: string
  readonly notes?: readonly string[]
  readonly entrants: readonly Entrant[]
  readonly share?: number
  readonly path?: string
  readonly tls?: boolean
  readonly connections?: number
  readonly load?: Pick<ClosedLoop, 'connectEachTime' | 'uploadBytes' | 'hosts'>
}

/** Requests one after another on 64 connections: most workloads differ only in what is asked for. */
export function closedLoop(bench: Bench, options: ClosedLoopOptions): Workload {
  const {
    name,
    title,
    entrants,
    share = defaults.share,
    path = '/',
    tls = false,
    connections = 64,
    load = {},
  } = options
  return {
    ...defaults,
    ...(options.notes === undefined ? {} : { notes: options.notes }),
    ...{ name, title, entrants, share },
    loadBy: bench.tools.closedLoop.name,
    measure: (_entrant, instance, seconds) =>
      runClosedLoop(bench, instance, { path, tls }, { ...load, seconds, connections }),
  }
}

export function runClosedLoop(
  { tools, coresFor }: Bench,
  instance: Instance,
  { path, tls }: Pick<Target, 'path' | 'tls'>,
  load: Omit<ClosedLoop, 'target' | 'cores' | 'threads'>,
): Promise<Sample> {
  const { workers } = instance.setup
  const target = { path, tls, port: tls ? instance.tlsPort : instance.port }
  const cores = coresFor(workers).load
  return measureLoad(instance, () => tools.closedLoop.run({ ...load, target, cores, threads: workers }))
}
