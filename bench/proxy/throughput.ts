import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuOfTree, residentOfTree } from '../support/process-cpu.ts'
import { startOn, stop, untilListening } from '../support/spawned.ts'
import { findLoadGenerators, type LoadGenerator } from './load.ts'
import { findPeers, type Peer } from './peers.ts'

export type ThroughputOptions = {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  /** Names of peers; undefined: all that are installed. */
  readonly only: readonly string[] | undefined
}

export type ThroughputRow = {
  readonly peer: string
  /** Microseconds of CPU per request, median of the rounds. */
  readonly user: number
  readonly system: number
  readonly total: number
  /** Lowest and highest round. */
  readonly spread: readonly [number, number]
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly residentBytes: number
  readonly errors: number
}

export type ThroughputResult = {
  readonly generator: string
  readonly missing: readonly string[]
  readonly rows: readonly ThroughputRow[]
}

type Round = {
  readonly user: number
  readonly system: number
  readonly rps: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

const backendPorts = [18_090, 18_091, 18_092]
const backendFile = fileURLToPath(new URL('backend.ts', import.meta.url))

/** All peers in turn, round after round, so that a noisy moment of the machine hits them alike. */
export async function measureThroughput(options: ThroughputOptions): Promise<readonly ThroughputResult[]> {
  const { peers: found, missing } = findPeers()
  const peers = found.filter(({ name }) => options.only === undefined || options.only.includes(name))
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-'))
  const loadCore = Math.min(1, availableParallelism() - 1)
  const backend = startOn(loadCore, [process.execPath, backendFile, ...backendPorts.map(String)])
  const running = new Map<Peer, ChildProcess>()
  try {
    for (const port of backendPorts) await untilListening(port)
    for (const peer of peers) {
      running.set(peer, startOn(0, await peer.prepare(folder, backendPorts)))
      await untilListening(peer.port)
    }
    const results: ThroughputResult[] = []
    for (const generator of findLoadGenerators()) {
      results.push({
        generator: generator.name,
        missing,
        rows: await measureAll(running, generator, options, loadCore),
      })
    }
    return results
  } finally {
    for (const child of [...running.values(), backend]) await stop(child)
    await rm(folder, { recursive: true, force: true })
  }
}

async function measureAll(
  running: ReadonlyMap<Peer, ChildProcess>,
  generator: LoadGenerator,
  options: ThroughputOptions,
  core: number,
): Promise<readonly ThroughputRow[]> {
  const rounds = new Map<Peer, Round[]>()
  for (const { port } of running.keys())
    await generator.run({ port, seconds: 2, connections: options.connections, core })
  for (let round = 0; round < options.rounds; round++) {
    for (const [peer, child] of running) {
      const measured = await measureRound(peer, child, generator, options, core)
      rounds.set(peer, [...(rounds.get(peer) ?? []), measured])
    }
  }
  return [...running].map(([peer, child]) => rowOf(peer, rounds.get(peer) ?? [], residentOfTree(child.pid ?? 0)))
}

async function measureRound(
  { port }: Peer,
  child: ChildProcess,
  generator: LoadGenerator,
  { seconds, connections }: ThroughputOptions,
  core: number,
): Promise<Round> {
  const before = cpuOfTree(child.pid ?? 0)
  const load = await generator.run({ port, seconds, connections, core })
  const after = cpuOfTree(child.pid ?? 0)
  return {
    user: (after.user - before.user) / load.requests,
    system: (after.system - before.system) / load.requests,
    rps: load.requests / load.seconds,
    p50: load.p50,
    p99: load.p99,
    errors: load.errors,
  }
}

function rowOf({ name }: Peer, rounds: readonly Round[], residentBytes: number): ThroughputRow {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick))
  const totals = rounds.map(({ user, system }) => user + system)
  return {
    peer: name,
    user: of(({ user }) => user),
    system: of(({ system }) => system),
    total: median(totals),
    spread: [Math.min(...totals), Math.max(...totals)],
    requestsPerSecond: of(({ rps }) => rps),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    residentBytes,
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** A Markdown table. The ratio is to nginx where it ran, and a row with errors is no result. */
export function formatThroughput({ generator, missing, rows }: ThroughputResult): string {
  const nginx = rows.find(({ peer }) => peer === 'nginx')?.total
  const lines = rows.map((row) => {
    const ratio = nginx === undefined ? '-' : (row.total / nginx).toFixed(2)
    const name = row.errors > 0 ? `${row.peer} (invalid: ${row.errors} errors)` : row.peer
    const cells = [
      name,
      ratio,
      `${row.total.toFixed(1)} (${row.user.toFixed(1)} + ${row.system.toFixed(1)})`,
      `${row.spread[0].toFixed(1)} - ${row.spread[1].toFixed(1)}`,
      row.requestsPerSecond.toFixed(0),
      row.p50.toFixed(2),
      row.p99.toFixed(2),
      (row.residentBytes / 1e6).toFixed(0),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    `Small GET, keep-alive, one core for the proxy; load by ${generator}${missing.length > 0 ? `; not installed: ${missing.join(', ')}` : ''}.`,
    '',
    '| proxy | CPU vs nginx | CPU us/request (user + system) | lowest - highest round | requests/s | p50 ms | p99 ms | RSS of all processes, MB |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}
