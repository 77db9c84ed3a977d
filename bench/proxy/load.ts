import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isInstalled } from '../support/spawned.ts'

/** What a load generator saw in one run. Latencies in milliseconds. */
export type LoadResult = {
  readonly requests: number
  readonly errors: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

export type LoadOptions = {
  readonly port: number
  readonly seconds: number
  readonly connections: number
  readonly core: number
}

export type LoadGenerator = { readonly name: string; run(options: LoadOptions): Promise<LoadResult> }

const run = promisify(execFile)
const cannonFile = fileURLToPath(new URL('autocannon.ts', import.meta.url))

export function findLoadGenerators(): readonly LoadGenerator[] {
  return isInstalled('wrk') ? [wrk, cannon] : [cannon]
}

const wrk: LoadGenerator = {
  name: 'wrk',
  async run({ port, seconds, connections, core }) {
    const args = [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      '-H',
      'Host: bench.example.com',
      `http://127.0.0.1:${port}/`,
    ]
    const { stdout } = await run('taskset', ['-c', String(core), 'wrk', ...args])
    const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0)
    const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)
    const socketErrors = sockets === null ? 0 : sockets.slice(1).reduce((sum, count) => sum + Number(count), 0)
    return {
      requests: number(/(\d+) requests in/),
      errors: number(/Non-2xx or 3xx responses: (\d+)/) + socketErrors,
      seconds,
      p50: milliseconds(/50%\s+([\d.]+)(us|ms|s)/.exec(stdout)),
      p99: milliseconds(/99%\s+([\d.]+)(us|ms|s)/.exec(stdout)),
    }
  },
}

function milliseconds(found: RegExpExecArray | null): number {
  const factors: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }
  return found === null ? Number.NaN : Number(found[1]) * (factors[found[2] ?? ''] ?? 1)
}

/** Needs nothing but npm. It takes ten times the CPU of wrk and is the limit of the requests a second. */
const cannon: LoadGenerator = {
  name: 'autocannon',
  async run({ port, seconds, connections, core }) {
    const command = [process.execPath, cannonFile, String(port), String(seconds), String(connections)]
    const { stdout } = await run('taskset', ['-c', String(core), ...command])
    return JSON.parse(stdout)
  },
}
