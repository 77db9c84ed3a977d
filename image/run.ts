import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

export type RunOptions = { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }

/** Standard output of a program; throws with its standard error where it fails. */
export async function run(program: string, args: readonly string[], { cwd, env }: RunOptions = {}): Promise<string> {
  const { stdout } = await execute(program, [...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  })
  return stdout
}
