import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { keep, prune } from './build-cache.ts'
import type { Progress } from './progress.ts'
import { run } from './run.ts'
import { clusterFolder } from './state.ts'

const repository = join(import.meta.dirname, '../../..')

/** Whatever `npm run image` reads. */
const sources = [
  'package.json',
  'package-lock.json',
  'tsconfig*.json',
  'src/**/*.ts',
  'image/*.ts',
  'tools/**/package.json',
]

/** The archive of `npm run image`; built again when a source has changed. HEADGATE_IMAGE names one to take as it is. */
export async function buildHeadgateImage(progress: Progress): Promise<string> {
  const given = process.env['HEADGATE_IMAGE']
  if (given !== undefined) return resolve(given)
  const archive = join(clusterFolder(), `image-${await sourceHash()}`, 'headgate.tar')
  if (existsSync(archive)) {
    await keep(dirname(archive))
    return archive
  }
  const unfinished = `${archive}.${process.pid}`
  await mkdir(dirname(archive), { recursive: true })
  try {
    await progress.step('built the image of Headgate', () =>
      run('npm', ['run', '--silent', 'image', '--', '--output', unfinished], { cwd: repository }),
    )
    await rename(unfinished, archive)
  } finally {
    await rm(unfinished, { force: true })
  }
  await prune('image')
  return archive
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256')
  const files = await Array.fromAsync(glob(sources, { cwd: repository, exclude: ['**/node_modules/**'] }))
  for (const file of files.sort()) hash.update(`${file}\0`).update(await readFile(join(repository, file)))
  return hash.digest('hex').slice(0, 12)
}
