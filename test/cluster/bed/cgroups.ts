import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { namespaceOf } from './layout.ts'

const root = '/sys/fs/cgroup'

/**
 * In version 1 and version 2, sixteen times that of a process which is in no cgroup: a real node has its processors for itself, and
 * its pods would starve beside the programs of a test.
 */
const shares = { 'cpu.shares': '16384', 'cpu.weight': '1600' }

/** cgroup v1: the folder of each hierarchy. v2: the one there is. */
async function hierarchies(): Promise<readonly string[]> {
  return isVersion2() ? [root] : (await subfolders(root)).map((name) => join(root, name))
}

/** Version 2 was not run by those who wrote this: the machine they had was of version 1. */
export function isVersion2(): boolean {
  return existsSync(join(root, 'cgroup.controllers'))
}

/** Below this one kubelet puts the pods of a node; it does not make it itself. */
export async function makeNodeCgroup(bed: string, node: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    // The hierarchy of version 2 beside those of version 1: runc makes what it needs there.
    if (basename(hierarchy) === 'unified') continue
    const folder = join(hierarchy, namespaceOf(bed, node))
    await mkdir(folder, { recursive: true })
    // A new cpuset of version 1 has neither processors nor memory, and takes no process (cgroup-v1/cpusets.rst).
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (!isVersion2() && existsSync(join(folder, file))) {
        await writeFile(join(folder, file), await readFile(join(hierarchy, file)))
      }
    }
    for (const [file, share] of Object.entries(shares)) {
      if (existsSync(join(folder, file))) await writeFile(join(folder, file), share)
    }
  }
}

/** Every cgroup of a bed, innermost first. */
export async function bedCgroups(bed: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const hierarchy of await hierarchies()) {
    for (const name of await subfolders(hierarchy)) {
      if (name.startsWith(namespaceOf(bed, ''))) found.push(...(await tree(join(hierarchy, name))))
    }
  }
  return found
}

async function tree(folder: string): Promise<readonly string[]> {
  const below = await Promise.all((await subfolders(folder)).map((name) => tree(join(folder, name))))
  return [...below.flat(), folder]
}

export async function processesOf(cgroup: string): Promise<readonly number[]> {
  // It may be gone since it was listed.
  const text = await readFile(join(cgroup, 'cgroup.procs'), 'latin1').catch(() => '')
  return text.split('\n').filter(Boolean).map(Number)
}

/** A cgroup whose last process has just ended may be busy for a moment: the caller tries again. */
export async function removeCgroups(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await rmdir(folder).catch(() => {})
}

async function subfolders(folder: string): Promise<readonly string[]> {
  // It may be gone since it was listed.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}
