import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Bed } from './bed.ts'

const program = fileURLToPath(new URL('probe-client.ts', import.meta.url))

export type ProbeTarget = {
  readonly name: string
  readonly url: string
  /** Host field. */
  readonly host: string
  /** So many connections are kept and used until they break. Otherwise every attempt makes one of its own. */
  readonly kept?: number
}

/** What the application saw of a request. */
export type Seen = { readonly pod: string; readonly peer: string; readonly forwardedFor: string }

/** Milliseconds since 1970. */
export type Attempt = {
  readonly target: string
  readonly connection: number
  readonly startedAt: number
  readonly endedAt: number
  readonly seen?: Seen
  readonly error?: string
}

export type Answered = Attempt & { readonly seen: Seen }

export type Probe = {
  readonly attempts: readonly Attempt[]
  /** The first answer to an attempt that began after `since`, by this way. */
  answered(target: string, since: number, seconds?: number): Promise<Answered>
  /** The first such attempt for which it holds. */
  first(since: number, holds: (attempt: Attempt) => boolean, seconds?: number): Promise<Attempt>
  stop(): void
}

/** The client outside asks by every way ten times a second, until `stop`. */
export function startProbe(bed: Pick<Bed, 'spawnAsClient'>, targets: readonly ProbeTarget[]): Probe {
  const child = bed.spawnAsClient(process.execPath, [program, JSON.stringify(targets)])
  if (child.stdout === null) throw new Error('the standard output of the probe is not ours to read')
  const attempts: Attempt[] = []
  const watchers = new Set<(attempt: Attempt) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const attempt: Attempt = JSON.parse(line)
    attempts.push(attempt)
    for (const watcher of watchers) watcher(attempt)
  })

  const first = (since: number, holds: (attempt: Attempt) => boolean, seconds = 30): Promise<Attempt> => {
    const fits = (attempt: Attempt): boolean => attempt.startedAt >= since && holds(attempt)
    const known = attempts.find(fits)
    if (known !== undefined) return Promise.resolve(known)
    const { promise, resolve, reject } = Promise.withResolvers<Attempt>()
    const watcher = (attempt: Attempt): void => {
      if (fits(attempt)) resolve(attempt)
    }
    const fail = (): void =>
      reject(new Error(`not so within ${seconds} s: ${holds}, last: ${JSON.stringify(attempts.slice(-3))}`))
    const timer = setTimeout(fail, seconds * 1000)
    watchers.add(watcher)
    return promise.finally(() => {
      clearTimeout(timer)
      watchers.delete(watcher)
    })
  }

  return {
    attempts,
    first,
    async answered(target, since, seconds) {
      const attempt = await first(since, (one) => one.target === target && one.seen !== undefined, seconds)
      const { seen } = attempt
      if (seen === undefined) throw new Error('an answer without what was seen')
      return { ...attempt, seen }
    },
    stop() {
      child.kill('SIGTERM')
    },
  }
}
