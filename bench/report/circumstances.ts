import { cpus, loadavg, release, totalmem } from 'node:os'
import type { Tools } from '../load/tools.ts'
import type { FoundPeers } from '../peers/find.ts'
import type { Cores } from '../support/cores.ts'
import { hasTaskset } from '../support/spawned.ts'

type CoreUse = Cores & { readonly count: number }

/** Where and with what was measured. */
export type Circumstances = {
  readonly date: string
  readonly machine: string
  readonly kernel: string
  readonly loadBefore: number
  readonly cores: CoreUse & { readonly isPinned: boolean }
  readonly peers: Readonly<Record<string, string>>
  readonly missing: readonly string[]
  readonly generators: Readonly<Record<string, string>>
  readonly backends: string
  readonly command: string
}

export function circumstancesOf(found: FoundPeers, tools: Tools, cores: CoreUse, backends: string): Circumstances {
  const [cpu] = cpus()
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: `${cores.count} cores, ${cpu?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    kernel: release(),
    // Above the number of its cores, figures are those of a queue.
    loadBefore: loadavg()[0] ?? Number.NaN,
    cores: { ...cores, isPinned: hasTaskset() },
    peers: Object.fromEntries(found.peers.map((peer) => [peer.name, peer.version()])),
    missing: found.missing,
    generators: tools.versions,
    backends,
    command: commandOf(process.argv.slice(2)),
  }
}

/** As somebody would type it: the scripts of package.json say the rest. */
function commandOf(args: readonly string[]): string {
  const script = args.includes('--quick') ? 'npm run bench:quick' : 'npm run bench'
  const rest = args.filter((arg) => arg !== '--quick' && arg !== '--built')
  return rest.length === 0 ? script : [script, '--', ...rest].join(' ')
}

export function formatCircumstances(now: Circumstances): string {
  const list = (versions: Readonly<Record<string, string>>): string =>
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')
  const { proxy, load, backends, isPinned } = now.cores
  const cores = isPinned
    ? `Proxy on core ${proxy}, load generator on ${load}, backends on ${backends}.`
    : 'There is no taskset here: nothing is pinned, and every figure says less.'
  return [
    `${now.date} UTC, ${now.machine}, Linux ${now.kernel}, load before the run ${now.loadBefore.toFixed(1)}.`,
    '',
    `- Proxies: ${list(now.peers)}.`,
    `- Not installed: ${now.missing.length === 0 ? 'none' : now.missing.join(', ')}.`,
    `- Load: ${list(now.generators)}. Backends: three endpoints of ${now.backends}.`,
    `- ${cores}`,
    '',
  ].join('\n')
}
