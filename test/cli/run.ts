import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

export type Running = {
  /** Resolves with what standard output holds once it fits; rejects if the program ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<Outcome>
}

type Environment = Readonly<Record<string, string>>

/** Starts the program as a user would, with nothing of the environment but PATH and what is given. */
export function startHeadgate(args: readonly string[], env: Environment = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = Promise.withResolvers<Outcome>()
  const watchers = new Set<() => void>()
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const watch of watchers) watch()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.once('error', ended.reject)
  child.once('close', (code) => ended.resolve({ code, stdout, stderr }))
  return {
    printed(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
      const watch = (): void => {
        const found = pattern.exec(stdout)
        if (found !== null) resolve(found)
      }
      watchers.add(watch)
      watch()
      ended.promise.then(() => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)), reject)
      return promise.finally(() => watchers.delete(watch))
    },
    signal(name) {
      child.kill(name)
    },
    ended: ended.promise,
  }
}

export async function runHeadgate(args: readonly string[], env: Environment = {}): Promise<Outcome> {
  return startHeadgate(args, env).ended
}
