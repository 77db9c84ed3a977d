import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Finished } from '../support/bed.ts'

/** A command that did not do what it was asked for; the message has its standard error. */
class CommandFailed extends Error {
  readonly finished: Finished

  constructor(command: string, args: readonly string[], finished: Finished) {
    const said = (finished.stderr.trim() || finished.stdout.trim()).slice(-2000)
    super(`${command} ${args.join(' ')}: exit ${finished.code}${said === '' ? '' : `: ${said}`}`)
    this.name = 'CommandFailed'
    this.finished = finished
  }
}

export type RunOptions = { readonly input?: string; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string }

/** Runs a program to its end, whatever that is. Ended by a signal: 128 and its number are not told apart, the code is 128. */
export function finish(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { promise, resolve, reject } = Promise.withResolvers<Finished>()
  const spawnOptions: SpawnOptions = { stdio: 'pipe' }
  if (options.env !== undefined) spawnOptions.env = options.env
  if (options.cwd !== undefined) spawnOptions.cwd = options.cwd
  const child = spawn(command, [...args], spawnOptions)
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  child.once('error', reject)
  child.once('close', (code) => resolve({ code: code ?? 128, stdout: stdout(), stderr: stderr() }))
  // A program that ends without reading all of it is judged by its exit code.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  return promise
}

/** Standard output; throws where the program fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await finish(command, args, options)
  if (finished.code !== 0) throw new CommandFailed(command, args, finished)
  return finished.stdout
}

/** In the terminal of the caller. */
export function runAttached(command: string, args: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const child = spawn(command, [...args], { stdio: 'inherit' })
  child.once('error', reject)
  child.once('close', (code) => resolve(code ?? 128))
  return promise
}

function collect(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

/** Asks until the answer is neither undefined nor false. `describe` is asked for what to say when time is up. */
export async function until<T>(
  seconds: number,
  describe: () => string | Promise<string>,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  everyMs = 25,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`after ${seconds} s: ${await describe()}`)
    await sleep(everyMs)
  }
}
