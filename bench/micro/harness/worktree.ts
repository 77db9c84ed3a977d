import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A commit, or the files as they are. */
export type Tree = { readonly label: string; readonly folder: string; [Symbol.asyncDispose](): Promise<void> }

/** `undefined`: there is no such commit. */
export function commitOf(repository: string, revision: string): Promise<string | undefined> {
  const args = ['-C', repository, 'rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`]
  return run('git', args).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
}

/** Checks the commit out beside the repository. Its packages are ours: what is compared is our own code. */
export async function checkOut(repository: string, commit: string): Promise<Tree> {
  const git = (...args: string[]) => run('git', ['-C', repository, ...args])
  const parent = await mkdtemp(join(tmpdir(), 'headgate-compare-'))
  const folder = join(parent, 'tree')
  const modules = join(folder, 'node_modules')
  await git('worktree', 'add', '--detach', folder, commit)
  await symlink(join(repository, 'node_modules'), modules)
  return {
    label: commit.slice(0, 9),
    folder,
    async [Symbol.asyncDispose]() {
      // First, so that nothing that removes the folder can follow it.
      await unlink(modules)
      await git('worktree', 'remove', '--force', folder)
      await rm(parent, { recursive: true, force: true })
    },
  }
}

export function asItIs(folder: string): Tree {
  return { label: 'working tree', folder, [Symbol.asyncDispose]: async () => {} }
}
