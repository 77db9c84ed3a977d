import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readOrigin } from '../../image/origin.ts'
import { run } from '../../image/run.ts'

const folder = await mkdtemp(join(tmpdir(), 'headgate-origin-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

async function tree(): Promise<string> {
  const path = await mkdtemp(join(folder, 'tree-'))
  await writeFile(join(path, 'package.json'), '{ "version": "1.2.3" }')
  return path
}

async function commit(path: string): Promise<string> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false']
  await run('git', ['init', '-q'], { cwd: path })
  await run('git', ['add', '.'], { cwd: path })
  const env = { GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z' }
  await run('git', [...identity, 'commit', '-q', '-m', 'first'], { cwd: path, env })
  return (await run('git', ['rev-parse', 'HEAD'], { cwd: path })).trim()
}

describe('readOrigin', () => {
  it('takes revision and date from the commit', async () => {
    const path = await tree()
    const revision = await commit(path)
    const seconds = Date.parse('2026-01-02T03:04:05Z') / 1000
    expect(await readOrigin(path, undefined)).toEqual({ version: '1.2.3', revision, createdSeconds: seconds })
  })

  it('says of sources that differ from the commit that they do, and of other files nothing', async () => {
    const path = await tree()
    const revision = await commit(path)
    await writeFile(join(path, 'notes.txt'), '')
    expect((await readOrigin(path, undefined)).revision).toBe(revision)
    await writeFile(join(path, 'package.json'), '{ "version": "1.2.4" }')
    expect((await readOrigin(path, undefined)).revision).toBe(`${revision}-dirty`)
  })

  it('prefers SOURCE_DATE_EPOCH, and refuses one that is no time', async () => {
    expect((await readOrigin(await tree(), '86400')).createdSeconds).toBe(86_400)
    await expect(readOrigin(await tree(), 'today')).rejects.toThrow('SOURCE_DATE_EPOCH')
  })

  it('knows no revision outside a checkout', async () => {
    expect(await readOrigin(await tree(), undefined)).toEqual({
      version: '1.2.3',
      revision: undefined,
      createdSeconds: 0,
    })
  })
})
