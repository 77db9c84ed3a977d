import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isUsed } from '../../image/contents.ts'
import { folderEntries } from '../../image/folder-entries.ts'

const folder = await mkdtemp(join(tmpdir(), 'headgate-entries-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('folderEntries', () => {
  it('takes the files that are wanted, readable by all, whatever the umask of who built them', async () => {
    await mkdir(join(folder, 'package/lib'), { recursive: true })
    await writeFile(join(folder, 'package/lib/index.js'), '')
    await writeFile(join(folder, 'package/lib/index.d.ts'), '')
    await chmod(join(folder, 'package/lib/index.js'), 0o600)
    await symlink('lib/index.js', join(folder, 'package/link'))
    expect(await folderEntries(folder, 'app/node_modules', isUsed)).toEqual([
      {
        kind: 'file',
        path: 'app/node_modules/package/lib/index.js',
        mode: 0o644,
        content: { file: join(folder, 'package/lib/index.js') },
      },
    ])
  })
})

describe('isUsed', () => {
  it.each([
    ['node_modules/yaml/dist/index.js', true],
    ['node_modules/yaml/LICENSE', true],
    ['node_modules/yaml/dist/index.d.ts', false],
    ['node_modules/yaml/dist/index.js.map', false],
    ['node_modules/.bin/yaml', false],
    ['node_modules/.package-lock.json', false],
    ['node_modules/.binary/index.js', true],
    ['dist/main.js', true],
  ])('%s: %s', (path, used) => {
    expect(isUsed(path)).toBe(used)
  })
})
