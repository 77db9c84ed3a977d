import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

/** The files in an archive by their paths, as the tar of the system sees them. */
export async function unpack(archive: string): Promise<ReadonlyMap<string, Buffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-unpack-'))
  try {
    await promisify(execFile)('tar', ['-xf', archive, '-C', folder])
    const found = await readdir(folder, { recursive: true, withFileTypes: true })
    const paths = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
    return new Map(
      await Promise.all(paths.map(async (path) => [relative(folder, path), await readFile(path)] as const)),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
