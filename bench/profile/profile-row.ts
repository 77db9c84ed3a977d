import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cannon } from '../load/autocannon.ts'
import { h2load } from '../load/h2load.ts'
import type { LoadResult } from '../load/load.ts'
import { wrk } from '../load/wrk.ts'
import { type Instance, Instances, type InstancesOptions } from '../measure/instances.ts'
import { type Peer, plainSetup } from '../peers/peer.ts'
import type { Cores } from '../support/cores.ts'
import { childrenOf, cpuOfTree } from '../support/process-cpu.ts'
import { isInstalled } from '../support/spawned.ts'
import { nodeFlagsForCpuProfile, readCpuProfile } from './cpu-profile.ts'
import { nodeFlagsForPerf, perfMapFile, recordStacks } from './perf.ts'
import { type Row, withNodeFlags } from './rows.ts'
import { type Shares, sharesOf, sharesOfBoth } from './shares.ts'
import type { Stack } from './stack.ts'
import { countSyscalls } from './syscalls.ts'

export type Stage = InstancesOptions & { readonly layout: Cores; readonly seconds: number }

export type Profiled = {
  readonly row: Row
  readonly microsecondsPerRequest: number
  readonly shares: Shares
  /** For the flame graph. */
  readonly stacks: readonly Stack[]
  /** Of V8's profiler; none of nginx. */
  readonly javaScript: readonly Stack[]
  /** Calls for each request; undefined where nothing can count them. */
  readonly syscalls: ReadonlyMap<string, number> | undefined
  readonly errors: number
}

/** What compilers do in the first seconds is of no interest. */
const warmUpSeconds = 5

/** Three runs: its cost as it is, then under perf, then under V8's profiler. Each profiler slows down what the other would see. */
export async function profileRow(row: Row, stage: Stage): Promise<Profiled> {
  const cost = await measureCost(row, stage)
  const native = isInstalled('perf') ? await profileNative(row, stage) : []
  const javaScript = row.lane === 'nginx' ? [] : await profileJavaScript(row, stage)
  const isAlone = native.length === 0 || javaScript.length === 0
  const stacks = native.length === 0 ? javaScript : native
  return { row, ...cost, stacks, javaScript, shares: isAlone ? sharesOf(stacks) : sharesOfBoth(native, javaScript) }
}

function measureCost(row: Row, stage: Stage) {
  return withInstance(row.peer, stage, async (instance) => {
    await runLoad(row, instance, stage, warmUpSeconds)
    const before = cpuOfTree(instance.pid)
    const { requests, errors } = await runLoad(row, instance, stage, stage.seconds)
    const after = cpuOfTree(instance.pid)
    const load = () => runLoad(row, instance, stage, Math.min(5, stage.seconds))
    const syscalls = await syscallsPerRequest(workerOf(instance), load)
    const cpu = after.user + after.system - before.user - before.system
    return { syscalls, microsecondsPerRequest: cpu / requests, errors }
  })
}

function profileNative(row: Row, stage: Stage): Promise<readonly Stack[]> {
  return withInstance(withNodeFlags(row.peer, nodeFlagsForPerf), stage, async (instance) => {
    const worker = workerOf(instance)
    await runLoad(row, instance, stage, warmUpSeconds)
    const file = join(stage.folder, 'perf.data')
    const { seconds, layout } = stage
    const [stacks] = await Promise.all([
      recordStacks({ pid: worker, seconds, cores: layout.load, file }),
      runLoad(row, instance, stage, seconds),
    ])
    for (const pid of [instance.pid, worker]) await rm(perfMapFile(pid), { force: true })
    return stacks
  })
}

async function profileJavaScript(row: Row, stage: Stage): Promise<readonly Stack[]> {
  const folder = await mkdtemp(join(stage.folder, 'v8-'))
  const seen = await withInstance(withNodeFlags(row.peer, nodeFlagsForCpuProfile(folder)), stage, async (instance) => {
    const worker = workerOf(instance)
    await runLoad(row, instance, stage, warmUpSeconds)
    const fromMs = monotonicMs()
    await runLoad(row, instance, stage, stage.seconds)
    return { worker, fromMs, toMs: monotonicMs() }
  })
  return readCpuProfile(folder, seen.worker, seen)
}

/** The profile of V8 is written when its process ends, so that the instance must have ended, too. */
async function withInstance<T>(peer: Peer, stage: Stage, use: (instance: Instance) => Promise<T>): Promise<T> {
  const instances = new Instances(stage)
  try {
    const { instance } = await instances.get(peer, plainSetup)
    const result = await use(instance)
    instance.assertAlive()
    return result
  } finally {
    await instances.close()
  }
}

function workerOf({ pid, assertAlive }: Instance): number {
  const [worker] = childrenOf(pid)
  if (worker !== undefined) return worker
  assertAlive()
  throw new Error(`process ${pid} has no worker`)
}

function runLoad({ group }: Row, { port, tlsPort }: Instance, stage: Stage, seconds: number): Promise<LoadResult> {
  const cores = stage.layout.load
  if (group === 'HTTP/2 + TLS') {
    return h2load({ tlsPort, path: '/', seconds, connections: 16, streams: 8, cores, folder: stage.folder })
  }
  const tls = group !== 'HTTP/1.1'
  const generator = isInstalled('wrk') ? wrk() : cannon
  const target = { port: tls ? tlsPort : port, tls, path: '/' }
  return generator.run({ target, seconds, connections: 64, cores, threads: 1 })
}

async function syscallsPerRequest(
  worker: number,
  load: () => Promise<LoadResult>,
): Promise<ReadonlyMap<string, number> | undefined> {
  let requests = Number.NaN
  const counts = await countSyscalls(worker, async () => {
    requests = (await load()).requests
  })
  return counts && new Map([...counts].map(([name, count]) => [name, count / requests]))
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
