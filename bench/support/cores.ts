import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hasTaskset } from './spawned.ts'

/** Which cores do what, as `taskset` takes them. */
export type Cores = {
  readonly proxy: string
  readonly load: string
  readonly backends: string
  /** Cores that the proxy and the others share: requests per second are then those of a tug of war. */
  readonly areShared: boolean
}

/** Proxies get the first cores, one for each worker; backends and load generator what is left, apart where that is enough. */
export function layOut(all: readonly number[], workers: number): Cores {
  const list = (cores: readonly number[]): string => cores.join(',')
  const proxy = list(all.slice(0, workers))
  const rest = all.slice(workers)
  if (rest.length === 0) return { proxy, load: list(all), backends: list(all), areShared: true }
  const half = Math.ceil(rest.length / 2)
  const backends = rest.length > 1 ? rest.slice(half) : rest
  return { proxy, load: list(rest.slice(0, half)), backends: list(backends), areShared: false }
}

/** The cores that this process may use. */
export function usableCores(): readonly number[] {
  const [, text = '0'] = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return text.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

/** This process, too, keeps off the proxy's core. */
export function moveTo(cores: string): void {
  const [program = '', ...args] = ['taskset', '-a', '-p', '-c', cores, String(process.pid)]
  if (hasTaskset()) spawnSync(program, args)
}
