import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { keep, prune } from './build-cache.ts'
import { writeBinaryImage } from './images.ts'
import { type Progress, seconds } from './progress.ts'
import { run } from './run.ts'
import { clusterFolder } from './state.ts'

export const clusterTests = join(import.meta.dirname, '..')

/** What is built and kept together: as long as its sources are the same, the folder with the results is used again. */
export type BuildUnit = {
  readonly name: string
  /** Of the Go module. */
  readonly module: string
  /** `tool`: every package that go.mod names as one. */
  readonly packages: readonly string[]
  readonly flags: readonly string[]
  /** Glob patterns below the module; go.mod and go.sum always count. */
  readonly sources: readonly string[]
  /** File names that differ from the last part of the package. */
  readonly renames?: Readonly<Record<string, string>>
  /** The image name for each binary that becomes one. */
  readonly images?: Readonly<Record<string, string>>
}

const kubernetesVersion = 'v1.36.3'

// Without them `kubectl version` and every node say v0.0.0, and clients that check the version refuse to work.
const versionFlags = [
  `k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  'k8s.io/component-base/version.gitMajor=1',
  'k8s.io/component-base/version.gitMinor=36',
  `k8s.io/client-go/pkg/version.gitVersion=${kubernetesVersion}`,
]

export const stripped = ['-trimpath', '-ldflags=-s -w']

export const programsUnit: BuildUnit = {
  name: 'programs',
  module: clusterTests,
  packages: ['./cmd/kubernetes', './cmd/shim', './cmd/pause'],
  // Snapshotters that nobody uses here.
  flags: [
    '-tags=no_btrfs no_devmapper no_zfs',
    '-trimpath',
    `-ldflags=-s -w ${versionFlags.map((flag) => `-X ${flag}`).join(' ')}`,
  ],
  sources: ['cmd/kubernetes/*.go', 'cmd/shim/*.go', 'cmd/pause/*.go'],
  renames: { shim: 'containerd-shim-runc-v2' },
  images: { pause: 'headgate.test/pause:1' },
}

/** The folder with the results of a unit; builds it if it is not there. */
export async function build(unit: BuildUnit, progress: Progress): Promise<string> {
  const folder = join(clusterFolder(), `${unit.name}-${await sourceHash(unit)}`)
  if (existsSync(folder)) {
    await keep(folder)
    return folder
  }
  const unfinished = `${folder}.${process.pid}`
  await mkdir(unfinished, { recursive: true })
  try {
    await progress.step(`built ${unit.name}`, () => buildInto(unit, unfinished, progress))
    // Another `up` may have been faster.
    if (!existsSync(folder)) await rename(unfinished, folder)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  await prune(unit.name)
  return folder
}

async function buildInto(unit: BuildUnit, folder: string, progress: Progress): Promise<void> {
  progress.say(`building ${unit.name} from ${unit.module}: the first time this takes minutes`)
  await goBuild(unit, unit.flags, unit.packages, folder, progress)
  if (unit === programsUnit) await goBuild(unit, stripped, ['tool'], folder, progress)
  for (const [from, to] of Object.entries(unit.renames ?? {})) await rename(join(folder, from), join(folder, to))
  for (const [binary, name] of Object.entries(unit.images ?? {})) await writeBinaryImage(folder, binary, name)
}

async function sourceHash(unit: BuildUnit): Promise<string> {
  const hash = createHash('sha256')
  const files = await Array.fromAsync(glob(['go.mod', 'go.sum', ...unit.sources], { cwd: unit.module }))
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(join(unit.module, file)))
  hash.update(JSON.stringify([unit.packages, unit.flags, unit.images, unit.renames, process.arch]))
  return hash.digest('hex').slice(0, 12)
}

async function goBuild(
  unit: BuildUnit,
  flags: readonly string[],
  packages: readonly string[],
  folder: string,
  progress: Progress,
): Promise<void> {
  const environment = { ...process.env, CGO_ENABLED: '0' }
  const total = await countPackages(unit, packages, environment)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // -v names each package as it is compiled; those in Go's own cache are not named.
  const args = ['build', '-v', ...flags, '-o', `${folder}/`, ...packages]
  const child = spawn('go', args, { cwd: unit.module, env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
  let compiled = 0
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4000)
    compiled += chunk.toString().split('\n').length - 1
  })
  const start = performance.now()
  const timer = setInterval(() => {
    progress.say(`  ${unit.name}: ${compiled} of at most ${total} packages, ${seconds(performance.now() - start)}`)
  }, 10_000)
  child.once('error', reject)
  child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`go ${args.join(' ')}: ${said}`))))
  await promise.finally(() => clearInterval(timer))
}

// Also the moment at which the modules are downloaded.
async function countPackages(unit: BuildUnit, packages: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const list = await run('go', ['list', '-deps', ...packages], { cwd: unit.module, env })
  return list.split('\n').length - 1
}
