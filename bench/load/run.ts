import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onCores } from '../support/spawned.ts'
import type { LoadResult } from './load.ts'

const execute = promisify(execFile)

/** Runs a command on these cores to its end: what it prints. */
export async function runOn(cores: string, command: readonly string[]): Promise<string> {
  const [program = '', ...args] = onCores(cores, command)
  const { stdout } = await execute(program, args, { maxBuffer: 2 ** 28 })
  return stdout
}

/** Runs a client of `clients/`: it takes its options as JSON, and prints a LoadResult. */
export async function runClient(cores: string, file: string, options: object): Promise<LoadResult> {
  return JSON.parse(await runOn(cores, [process.execPath, clientFile(file), JSON.stringify(options)]))
}

export function clientFile(file: string): string {
  return fileURLToPath(new URL(`clients/${file}`, import.meta.url))
}
