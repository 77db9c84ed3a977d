import { isInstalled } from '../support/spawned.ts'
import { versionOf } from '../support/version-of.ts'
import type { FixedRate } from './clients/fixed-rate.ts'
import { host, type LoadResult } from './load.ts'
import { runClient, runOn } from './run.ts'

export type FixedRateGenerator = {
  readonly name: string
  readonly version: string
  run(cores: string, options: FixedRate): Promise<LoadResult>
}

/** `isPlain`: only what npm brings. */
export function findFixedRate(isPlain: boolean): FixedRateGenerator {
  return !isPlain && isInstalled('oha') ? oha() : ownClient
}

const ownClient: FixedRateGenerator = {
  name: 'our own client',
  version: `on Node ${process.versions.node}`,
  run: (cores, options) => runClient(cores, 'fixed-rate.ts', options),
}

type OhaReport = {
  readonly summary: { readonly total: number }
  readonly latencyPercentiles: Readonly<Record<string, number>>
  readonly statusCodeDistribution: Readonly<Record<string, number>>
  readonly errorDistribution: Readonly<Record<string, number>>
}

function oha(): FixedRateGenerator {
  return {
    name: 'oha',
    version: versionOf(['oha', '--version'], /oha (\S+)/),
    async run(cores, { port, requestsPerSecond, seconds, connections }) {
      const options = ['-z', `${seconds}s`, '-c', `${connections}`, '-q', `${Math.floor(requestsPerSecond)}`]
      // Latencies count from when a request was due.
      const output = ['--latency-correction', '--no-tui', '--output-format', 'json', '-H', `Host: ${host}`]
      return resultOf(JSON.parse(await runOn(cores, ['oha', ...options, ...output, `http://127.0.0.1:${port}/`])))
    },
  }
}

function resultOf({ summary, latencyPercentiles, statusCodeDistribution, errorDistribution }: OhaReport): LoadResult {
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
  // Requests that were under way at the end are not lost.
  const failed = Object.entries(errorDistribution).filter(([reason]) => !reason.includes('deadline'))
  const requests = sum(Object.values(statusCodeDistribution))
  const milliseconds = (name: string): number => (latencyPercentiles[name] ?? Number.NaN) * 1000
  return {
    requests,
    errors: requests - (statusCodeDistribution['200'] ?? 0) + sum(failed.map(([, count]) => count)),
    seconds: summary.total,
    latency: { p50: milliseconds('p50'), p99: milliseconds('p99'), p999: milliseconds('p99.9') },
  }
}
