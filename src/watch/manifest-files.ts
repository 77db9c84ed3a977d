import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../problem.ts'
import { badManifest } from './parse-manifest.ts'

export type ManifestFile = {
  readonly path: string
  /** Changes whenever the content may have. */
  readonly version: string
  readonly size: number
  readonly modifiedMs: number
}

export type Listing = {
  /** By root in the order given, then by name. */
  readonly files: readonly ManifestFile[]
  readonly folders: readonly string[]
  readonly problems: readonly Problem[]
}

/** Every manifest below these paths. Links are followed: the files of a mounted ConfigMap are links. */
export async function listManifests(roots: readonly string[]): Promise<Listing> {
  const files = new Map<string, ManifestFile>()
  const folders: string[] = []
  const problems: Problem[] = []
  for (const root of roots) {
    await visit(root, new Set(), true)
  }
  return { files: [...files.values()], folders, problems }

  async function visit(path: string, above: ReadonlySet<string>, isRoot: boolean): Promise<void> {
    try {
      const status = await stat(path)
      if (status.isDirectory()) {
        const real = await realpath(path)
        if (above.has(real)) return
        folders.push(path)
        const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort()
        for (const name of names) await visit(join(path, name), new Set([...above, real]), false)
      } else if (status.isFile() && (isRoot || isManifest(path)) && !files.has(path)) {
        const version = `${status.ino} ${status.mtimeMs} ${status.ctimeMs} ${status.size}`
        files.set(path, { path, version, size: status.size, modifiedMs: status.mtimeMs })
      }
    } catch (error) {
      // What vanishes while we look is gone, and a link may point nowhere while a mount is swapped.
      if (isRoot || !isMissing(error)) problems.push(badManifest(path, 1, describe(error)))
    }
  }
}

// kustomization.yaml is no object of the cluster, though it says `kind: Kustomization`.
function isManifest(path: string): boolean {
  return /\.(ya?ml|json)$/.test(path) && !/(^|\/)kustomization\.ya?ml$/.test(path)
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
