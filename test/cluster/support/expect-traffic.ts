import { expect } from 'vitest'
import type { Failure, TrafficReport } from '../client/report.ts'
import type { Bed } from './bed.ts'

/** Where the client outside finds a port of every node, in each family that the bed has. */
export function nodeUrls({ nodes }: Bed, port: number | undefined, path = '/'): readonly string[] {
  if (port === undefined) throw new Error('the Service has no node port')
  return nodes.flatMap(({ ipv4, ipv6 }) => [
    ...(ipv4 === undefined ? [] : [`http://${ipv4}:${port}${path}`]),
    ...(ipv6 === undefined ? [] : [`http://[${ipv6}]:${port}${path}`]),
  ])
}

/** Every request was answered with success, and no POST was handled twice. */
export function expectNothingLost(report: TrafficReport): void {
  expectNoGetLost(report)
  expect(describeFailures(report, report.failures)).toEqual([])
}

/**
 * Every GET was answered with success. A POST on a connection that broke may have been handled or not: it is answered with an
 * error and never sent again, so none was handled twice.
 */
export function expectNoGetLost(report: TrafficReport): void {
  const { failures, posts, succeeded } = report
  const isExcused = ({ stream, status }: Failure): boolean => stream.startsWith('post') && status === 502
  expect(
    describeFailures(
      report,
      failures.filter((failure) => !isExcused(failure)),
    ),
  ).toEqual([])
  expect(posts).toMatchObject({ duplicated: [], untold: 0 })
  expect(succeeded).toBeGreaterThan(0)
}

/** One line for those that failed in the same way. */
function describeFailures({ startedAt }: TrafficReport, failures: readonly Failure[]): readonly string[] {
  const groups = Map.groupBy(failures, ({ stream, status, error, isKept }) => {
    const [line] = error.split('\n')
    return `${stream} on ${isKept ? 'kept' : 'new'} connections: ${status} ${line}`
  })
  return [...groups].map(([how, group]) => {
    const times = [group[0]?.startedAt ?? 0, group.at(-1)?.endedAt ?? 0]
    const [from, to] = times.map((time) => ((time - startedAt) / 1000).toFixed(2))
    const urls = new Set(group.map(({ url }) => url))
    return `${group.length} x ${how}, from ${from} s to ${to} s, at ${[...urls].join(' ')}`
  })
}
