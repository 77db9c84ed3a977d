import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type TarEntry, writeTar } from '../../image/tar.ts'

const execute = promisify(execFile)
const folder = await mkdtemp(join(tmpdir(), 'headgate-tar-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

async function tar(entries: readonly TarEntry[], modifiedSeconds = 0): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeTar(entries, modifiedSeconds)))
}

function file(path: string, text: string, mode = 0o644): TarEntry {
  return { kind: 'file', path, mode, content: Buffer.from(text) }
}

/** What the tar of the system says of it. */
async function list(archive: Buffer): Promise<readonly string[]> {
  const path = join(folder, 'listed.tar')
  await writeFile(path, archive)
  const { stdout } = await execute('tar', ['--utc', '--numeric-owner', '-tvf', path])
  return stdout.trimEnd().split('\n')
}

// No folder and file of the same name: those are for the file system to refuse.
const name = fc.stringMatching(/^[a-zA-Z0-9._ é-]{1,60}$/).filter((each) => each !== '.' && each !== '..')
const leaf = fc.record({
  path: fc
    .array(name, { minLength: 1, maxLength: 5 })
    .map((parts) => [...parts.map((part) => `d${part}`), 'leaf'].join('/')),
  content: fc.uint8Array({ maxLength: 1500 }),
  mode: fc.constantFrom(0o644, 0o755, 0o600),
})
const leaves = fc.uniqueArray(leaf, { selector: ({ path }) => path, minLength: 1, maxLength: 6 })

describe('writeTar', () => {
  it('writes what the tar of the system unpacks to the same files, whatever their names and sizes', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(leaves, async (files) => {
        const target = await mkdtemp(join(folder, `${run++}-`))
        const archive = join(target, 'archive.tar')
        await writeFile(archive, await tar(files.map((each) => ({ kind: 'file', ...each }))))
        await execute('tar', ['-x', '--no-same-owner', '-pf', archive, '-C', target])
        for (const { path, content, mode } of files) {
          expect(new Uint8Array(await readFile(join(target, path)))).toEqual(new Uint8Array(content))
          expect((await stat(join(target, path))).mode & 0o7777).toBe(mode)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('writes the same bytes whatever the order of the entries', async () => {
    await fc.assert(
      fc.asyncProperty(
        leaves.chain((files) => fc.tuple(fc.constant(files), fc.shuffledSubarray(files, { minLength: files.length }))),
        async ([files, shuffled]) => {
          const entries = files.map((each) => ({ kind: 'file', ...each }) as const)
          const others = shuffled.map((each) => ({ kind: 'file', ...each }) as const)
          expect((await tar(entries)).equals(await tar(others))).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('gives everything to root, at the one time it was told, with the folders that are implied', async () => {
    const entries: readonly TarEntry[] = [
      file('usr/bin/program', 'x', 0o755),
      { kind: 'directory', path: 'tmp', mode: 0o1777 },
      { kind: 'symlink', path: 'bin', target: 'usr/bin' },
    ]
    expect((await list(await tar(entries, 86_400))).map((line) => line.replace(/ +/g, ' '))).toEqual([
      'lrwxrwxrwx 0/0 0 1970-01-02 00:00 bin -> usr/bin',
      'drwxrwxrwt 0/0 0 1970-01-02 00:00 tmp/',
      'drwxr-xr-x 0/0 0 1970-01-02 00:00 usr/',
      'drwxr-xr-x 0/0 0 1970-01-02 00:00 usr/bin/',
      '-rwxr-xr-x 0/0 1 1970-01-02 00:00 usr/bin/program',
    ])
  })

  it('keeps names and link targets of every length', async () => {
    const path = `${'a'.repeat(200)}/${'b'.repeat(99)}`
    const target = 'c'.repeat(150)
    const written = join(folder, 'long')
    await writeFile(`${written}.tar`, await tar([file(path, 'long'), { kind: 'symlink', path: 'link', target }]))
    await execute('mkdir', [written])
    await execute('tar', ['-xf', `${written}.tar`, '-C', written])
    expect(await readFile(join(written, path), 'utf8')).toBe('long')
    expect(await readlink(join(written, 'link'))).toBe(target)
  })

  it.each([['../outside'], ['/absolute'], ['a//b'], ['a/./b'], ['']])('refuses the path %j', async (path) => {
    await expect(tar([file(path, '')])).rejects.toThrow('not a path inside an archive')
  })

  it('refuses two entries of one name', async () => {
    await expect(tar([file('a', '1'), file('a', '2')])).rejects.toThrow('twice in one archive: a')
  })
})
