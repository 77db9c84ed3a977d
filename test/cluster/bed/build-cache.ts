import { existsSync, readdirSync } from 'node:fs'
import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { bedNames, clusterFolder, readState } from './state.ts'

const unusedMs = 7 * 86_400_000

/** Of some sources, not necessarily those of today. */
export function hasBuilt(name: string): boolean {
  return existsSync(clusterFolder()) && readdirSync(clusterFolder()).some((entry) => entry.startsWith(`${name}-`))
}

/** Marks what was built as used today. */
export async function keep(folder: string): Promise<void> {
  const now = new Date()
  await utimes(folder, now, now)
}

/** Removes what was built of older sources and not used for a week, and what a build that was killed has left. */
export async function prune(name: string): Promise<void> {
  const inUse = (await bedNames()).map((bed) => readState(bed)?.programs)
  for (const entry of await readdir(clusterFolder())) {
    const folder = join(clusterFolder(), entry)
    const [, pid] = /^[a-z]+-[0-9a-f]+\.(\d+)$/.exec(entry) ?? []
    if (!entry.startsWith(`${name}-`) || inUse.includes(folder)) continue
    const isStale =
      pid === undefined ? Date.now() - (await stat(folder)).mtimeMs > unusedMs : !existsSync(`/proc/${pid}`)
    if (isStale) await rm(folder, { recursive: true, force: true })
  }
}
