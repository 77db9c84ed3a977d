import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Origin } from './contents.ts'
import { run } from './run.ts'

const inputs = [
  'LICENSE',
  'image',
  'package.json',
  'package-lock.json',
  'src',
  'tools/node-runtime',
  'tsconfig.json',
  'tsconfig.build.json',
]

export type DatedOrigin = Origin & { readonly createdSeconds: number }

/** Which sources an image is made from, and when they were: https://reproducible-builds.org/docs/source-date-epoch/ */
export async function readOrigin(repository: string, sourceDateEpoch: string | undefined): Promise<DatedOrigin> {
  const manifest: { readonly version: string } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  const commit = await lastCommit(repository)
  const createdSeconds = sourceDateEpoch === undefined ? (commit?.seconds ?? 0) : Number(sourceDateEpoch)
  if (!Number.isSafeInteger(createdSeconds) || createdSeconds < 0) {
    throw new Error(`SOURCE_DATE_EPOCH is not a number of seconds: ${sourceDateEpoch}`)
  }
  return { version: manifest.version, revision: commit?.revision, createdSeconds }
}

/** Undefined in a tree without git. Sources that differ from the commit are told by its name. */
async function lastCommit(repository: string) {
  try {
    const text = await run('git', ['log', '-1', '--format=%H %ct'], { cwd: repository })
    const [hash = '', seconds = ''] = text.trim().split(' ')
    const changes = await run('git', ['status', '--porcelain', '--', ...inputs], { cwd: repository })
    return { revision: changes === '' ? hash : `${hash}-dirty`, seconds: Number(seconds) }
  } catch {
    return undefined
  }
}
