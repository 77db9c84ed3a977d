import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { StreamOptions, TrafficLine, TrafficOptions, TrafficProgress, TrafficReport } from '../client/report.ts'
import type { Bed } from './bed.ts'

const program = fileURLToPath(new URL('../client/traffic.ts', import.meta.url))

/** Requests of the client outside that go on until `stop`. */
export type Traffic = {
  /** Resolves with the first progress (there is one every 200 ms) for which it holds; fails after `seconds`, 30 by default. */
  until(holds: (progress: TrafficProgress) => boolean, seconds?: number): Promise<void>
  /** Waits for the answers that are under way, too. */
  stop(): Promise<TrafficReport>
  /** For a test that failed before it came to `stop`; after that it does nothing. */
  end(): Promise<void>
}

/** Resolves when requests are being sent. One at a time may have a `collectorPort`. */
export async function startTraffic(bed: Pick<Bed, 'spawnAsClient'>, options: TrafficOptions): Promise<Traffic> {
  const child = bed.spawnAsClient(process.execPath, [program, JSON.stringify(options)])
  if (child.stdout === null) throw new Error('the standard output of the traffic client is not ours to read')
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const watchers = new Set<(progress: TrafficProgress) => void>()
  const started = Promise.withResolvers<void>()
  const reported = Promise.withResolvers<TrafficReport>()
  // Both fail when the client dies; only one of them may be awaited by then.
  started.promise.catch(() => {})
  reported.promise.catch(() => {})
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line: TrafficLine = JSON.parse(text)
    if (line.kind === 'report') return reported.resolve(line.report)
    started.resolve()
    for (const watcher of watchers) watcher(line.progress)
  })
  child.once('error', (error) => started.reject(error))
  const closed = once(child, 'close').then(([code]) => {
    const error = new Error(`the traffic client ended with ${code}: ${errors}`)
    started.reject(error)
    reported.reject(error)
  })
  await started.promise

  return {
    until(holds, seconds = 30) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let last: TrafficProgress | undefined
      const watcher = (progress: TrafficProgress): void => {
        last = progress
        if (holds(progress)) resolve()
      }
      const timer = setTimeout(
        () => reject(new Error(`not so within ${seconds} s: ${holds}, last seen ${JSON.stringify(last)}`)),
        seconds * 1000,
      )
      reported.promise.catch(reject)
      watchers.add(watcher)
      return promise.finally(() => {
        clearTimeout(timer)
        watchers.delete(watcher)
      })
    },
    async stop() {
      child.kill('SIGTERM')
      const report = await reported.promise
      await closed
      return report
    },
    async end() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

/**
 * Resolves when each host is answered with success, and so is each URL. What a `ready` or an `apply` promises takes a moment to reach
 * Headgate and kube-proxy, and nothing tells when it has.
 */
export async function untilServed(
  bed: Pick<Bed, 'spawnAsClient'>,
  hosts: readonly string[],
  urls: readonly string[],
): Promise<void> {
  const pairs = hosts.flatMap((host, index) => (index === 0 ? urls : urls.slice(0, 1)).map((url) => ({ host, url })))
  const streams = pairs.map(
    ({ host, url }): StreamOptions => ({ name: `${host} ${url}`, urls: [url], host, rate: 20, connections: 'new' }),
  )
  const traffic = await startTraffic(bed, { streams })
  try {
    await traffic.until((progress) =>
      Object.values(progress.streams).every(({ succeeded, failed }) => succeeded > 0 && failed === 0),
    )
  } finally {
    await traffic.end()
  }
}
