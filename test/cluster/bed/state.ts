import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Family } from '../support/bed.ts'

/** What a bed is made of, in a file in its folder. Written before anything else of the bed exists, so that `down` finds all of it. */
export type BedState = {
  readonly name: string
  readonly family: Family
  readonly nodeCount: number
  readonly phase: 'starting' | 'up'
  /** Of the programs it runs. */
  readonly programs: string
  /** A cluster that was there before: no network of ours, nothing to take down. */
  readonly kubeconfig?: string
}

/** Binaries and beds; everything of the bed is below this folder. */
export function clusterFolder(): string {
  const cache = process.env['XDG_CACHE_HOME']
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'headgate', 'cluster')
}

export function bedFolder(name: string): string {
  return join(clusterFolder(), 'beds', name)
}

export function readState(name: string): BedState | undefined {
  const file = join(bedFolder(name), 'state.json')
  if (!existsSync(file)) return undefined
  const state: BedState = JSON.parse(readFileSync(file, 'utf8'))
  return state
}

export async function writeState(state: BedState): Promise<void> {
  const folder = bedFolder(state.name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'state.json')
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`)
  await rename(`${file}.new`, file)
}

export async function bedNames(): Promise<readonly string[]> {
  const folder = join(clusterFolder(), 'beds')
  return existsSync(folder) ? (await readdir(folder)).sort() : []
}
