import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bedCgroups, processesOf, removeCgroups } from './cgroups.ts'
import { namespaceOf } from './layout.ts'
import { recordsOf } from './processes.ts'
import { run, until } from './run.ts'
import { bedFolder } from './state.ts'

/** What there is of a bed outside its folder. */
export type Remains = {
  readonly processes: readonly number[]
  readonly cgroups: readonly string[]
  readonly namespaces: readonly string[]
  readonly mounts: readonly string[]
}

/** Ends and removes everything of a bed, however far its start had come, and makes sure that nothing is left. */
export async function tearDown(bed: string): Promise<void> {
  let remains: Remains = { processes: [], cgroups: [], namespaces: [], mounts: [] }
  await until(
    30,
    () => `of bed ${bed} this is left: ${describeRemains(remains)}`,
    async () => {
      remains = await remainsOf(bed)
      if (isNothing(remains)) return true
      remains.processes.forEach(kill)
      if (remains.processes.length > 0) return false
      await removeCgroups(remains.cgroups)
      await removeNamespaces(remains.namespaces)
      return false
    },
  )
  await rm(bedFolder(bed), { recursive: true, force: true })
}

/** Processes by their pid file, and by what they cannot lay off: the network namespace (control plane, nodes, clients)
 * or the cgroup (pods). */
export async function remainsOf(bed: string): Promise<Remains> {
  const [cgroups, namespaces, mounts] = await Promise.all([bedCgroups(bed), namespacesOf(bed), mountsOf(bed)])
  const inCgroups = (await Promise.all(cgroups.map(processesOf))).flat()
  const inNamespaces = await processesIn(namespaces)
  const recorded = recordsOf(bedFolder(bed)).map(({ pid }) => pid)
  return { processes: [...new Set([...recorded, ...inCgroups, ...inNamespaces])], cgroups, namespaces, mounts }
}

export function isNothing({ processes, cgroups, namespaces, mounts }: Remains): boolean {
  return processes.length + cgroups.length + namespaces.length + mounts.length === 0
}

export function describeRemains({ processes, cgroups, namespaces, mounts }: Remains): string {
  const parts = { processes, cgroups, namespaces, mounts }
  return Object.entries(parts)
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${what} ${list.join(' ')}`)
    .join('; ')
}

async function namespacesOf(bed: string): Promise<readonly string[]> {
  const names = existsSync('/run/netns') ? await readdir('/run/netns') : []
  return names.filter((name) => name.startsWith(namespaceOf(bed, '')))
}

async function processesIn(namespaces: readonly string[]): Promise<readonly number[]> {
  const inodes = new Set(await Promise.all(namespaces.map(async (name) => (await stat(`/run/netns/${name}`)).ino)))
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      // It may have ended since it was listed; a zombie has no namespaces any more.
      const namespace = await stat(`/proc/${pid}/ns/net`).catch(() => undefined)
      return namespace !== undefined && inodes.has(namespace.ino) ? [Number(pid)] : []
    }),
  )
  return found.flat()
}

/** In our own mount namespace there should never be one; those of the nodes end with their processes. */
async function mountsOf(bed: string): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8')
  const folder = join(bedFolder(bed), '')
  return text.split('\n').flatMap((line) => {
    const point = line.split(' ')[4] ?? ''
    return point.startsWith(`${folder}/`) ? [point] : []
  })
}

async function removeNamespaces(names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  await run('ip', ['-batch', '-'], { input: names.map((name) => `netns delete ${name}\n`).join('') })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
