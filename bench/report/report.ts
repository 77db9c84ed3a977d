import type { Workload } from '../workloads/workload.ts'
import { type Circumstances, formatCircumstances } from './circumstances.ts'
import { formatGoals, goalsOf } from './goals.ts'
import type { Row } from './row.ts'
import { formatWorkload } from './table.ts'

export type Result = { readonly workload: Workload; readonly rows: readonly Row[] }

const explanation = [
  'Each proxy does the same job: keep-alive to three endpoints, the same header fields added, the same TLS versions, ciphers and certificate.',
  'CPU is what all processes of the proxy used (utime + stime), divided by the requests: it holds where requests per second do not.',
  'Figures are medians of the rounds, in which the proxies take turns; a ratio is the median of the ratios of each round.',
  'Where a core was not busy, the load generator or the backends were the limit. A row with errors is invalid.',
  'Proxies run on from table to table: the peak of RSS is that during the rounds of the row, in a process that has done all rows before.',
].join('\n')

export function formatReport(circumstances: Circumstances, results: readonly Result[]): string {
  const tables = results.map(({ workload, rows }) => formatWorkload(workload, rows))
  return [
    `# What a request costs\n\n${formatCircumstances(circumstances)}`,
    `Written by \`${circumstances.command}\`.\n${explanation}\n`,
    formatVerdict(circumstances, results),
    ...tables,
  ].join('\n')
}

export function formatVerdict({ cores }: Circumstances, results: readonly Result[]): string {
  return formatGoals(goalsOf(results, cores.count < 3))
}

/** Everything, each round included, for those who want to compute with it. */
export function toJson(circumstances: Circumstances, results: readonly Result[]): string {
  const workloads = results.map(({ workload: { name, title, loadBy, unavailable }, rows }) => ({
    ...{ name, title, loadBy },
    ...(unavailable === undefined ? {} : { unavailable }),
    rows,
  }))
  return `${JSON.stringify({ ...circumstances, workloads }, undefined, 2)}\n`
}
