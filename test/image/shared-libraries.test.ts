import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sharedLibraries } from '../../image/shared-libraries.ts'
import { elfFile } from './elf-file.ts'

const folder = await mkdtemp(join(tmpdir(), 'headgate-libraries-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const interpreter = '/lib/ld-linux-aarch64.so.1'
const arm64 = { os: 'linux', architecture: 'arm64' } as const

/** A system with a program in it and these files. */
async function system(needs: Parameters<typeof elfFile>[0], files: Readonly<Record<string, readonly string[]>>) {
  const root = await mkdtemp(join(folder, 'root-'))
  for (const [path, libraries] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), elfFile({ libraries }))
  }
  const program = join(root, 'program')
  await writeFile(program, elfFile(needs))
  return { program, root }
}

describe('sharedLibraries', () => {
  it('finds what a program needs and what that needs, each once, and the loader where the program names it', async () => {
    const { program, root } = await system(
      { interpreter, libraries: ['libstdc++.so.6', 'libc.so.6'] },
      {
        'lib/ld-linux-aarch64.so.1': [],
        'usr/lib/aarch64-linux-gnu/libstdc++.so.6': ['libm.so.6', 'libc.so.6', 'ld-linux-aarch64.so.1'],
        'lib/aarch64-linux-gnu/libc.so.6': ['ld-linux-aarch64.so.1'],
        'lib64/libm.so.6': ['libc.so.6'],
        'lib/aarch64-linux-gnu/libother.so.1': [],
      },
    )
    const found = await sharedLibraries(program, root, arm64)
    expect(found.map(({ path }) => path).toSorted()).toEqual([
      'lib/aarch64-linux-gnu/libc.so.6',
      'lib/ld-linux-aarch64.so.1',
      'lib64/libm.so.6',
      'usr/lib/aarch64-linux-gnu/libstdc++.so.6',
    ])
  })

  it('finds nothing to add to a static program', async () => {
    const { program, root } = await system({ libraries: [] }, {})
    expect(await sharedLibraries(program, root, arm64)).toEqual([])
  })

  it('names a library that is nowhere, instead of making an image that cannot start', async () => {
    const { program, root } = await system(
      { interpreter, libraries: ['libatomic.so.1'] },
      { 'lib/ld-linux-aarch64.so.1': [] },
    )
    await expect(sharedLibraries(program, root, arm64)).rejects.toThrow('libatomic.so.1')
  })

  it('refuses a program for another loader than that of the system', async () => {
    const { program, root } = await system({ interpreter, libraries: [] }, {})
    await expect(sharedLibraries(program, root, arm64)).rejects.toThrow('/lib/ld-linux-aarch64.so.1')
  })
})
