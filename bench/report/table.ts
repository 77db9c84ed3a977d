import type { Workload } from '../workloads/workload.ts'
import type { Row } from './row.ts'

/** One column: its head, and what it says of a row. */
type Column = { readonly head: string; cell(row: Row): string }

export function formatWorkload(workload: Workload, rows: readonly Row[]): string {
  const { name, title, notes = [], loadBy, unavailable } = workload
  const heading = `## ${title}\n\n`
  if (unavailable !== undefined) return `${heading}Not run: ${unavailable}.\n`
  const text = [...notes, `Load by ${loadBy}. \`--workloads ${name}\`.`].join(' ')
  return `${heading}${text}\n\n${formatTable(columnsOf(workload, rows), rows)}${formatFailures(rows)}`
}

function formatTable(columns: readonly Column[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`
  const head = line(columns.map((column) => column.head)) + line(columns.map(() => '---'))
  return head + rows.map((row) => line(columns.map((column) => column.cell(row)))).join('')
}

function formatFailures(rows: readonly Row[]): string {
  const failed = rows.filter(({ failures }) => failures.length > 0)
  return failed.map(({ label, failures }) => `\n${label} failed ${failures.length} times: ${failures[0]}\n`).join('')
}

function columnsOf(workload: Workload, rows: readonly Row[]): readonly Column[] {
  const ratio: Column = { head: headOfRatio(workload, rows), cell: (row) => ratioCell(row, row.ratio) }
  return [
    { head: 'proxy', cell: nameCell },
    ratio,
    ...(workload.figure === 'cpu' ? costColumns(workload, rows) : memoryColumns),
    { head: 'errors', cell: ({ errors }) => String(errors) },
  ]
}

function headOfRatio({ figure }: Workload, rows: readonly Row[]): string {
  const what = figure === 'cpu' ? 'CPU' : 'memory'
  const bases = new Set(rows.map(({ comparedTo }) => comparedTo))
  const [base = ''] = bases
  return bases.size === 1 ? `${what} vs ${base}` : `${what} ratio`
}

function costColumns({ alsoCompared }: Workload, rows: readonly Row[]): readonly Column[] {
  const milliseconds = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(2))
  const extras = new Set(rows.flatMap((row) => Object.keys(row.extras)))
  return [
    ...(alsoCompared ? [{ head: alsoCompared.head, cell: (row: Row) => ratioCell(row, row.alsoRatio) }] : []),
    { head: 'CPU us/request (user + system)', cell: cpuCell },
    { head: 'lowest - highest', cell: ({ figure }) => `${figure.lowest.toFixed(1)} - ${figure.highest.toFixed(1)}` },
    { head: 'requests/s', cell: ({ requestsPerSecond }) => requestsPerSecond.toFixed(0) },
    { head: 'its core busy', cell: ({ busy }) => `${(busy * 100).toFixed(0)} %` },
    { head: 'p50 ms', cell: ({ latency }) => milliseconds(latency.p50) },
    { head: 'p99 ms', cell: ({ latency }) => milliseconds(latency.p99) },
    { head: 'p99.9 ms', cell: ({ latency }) => milliseconds(latency.p999) },
    { head: 'peak RSS MB', cell: ({ peakBytes }) => megabytes(peakBytes) },
    ...[...extras].map((head) => ({ head, cell: (row: Row) => row.extras[head]?.toFixed(0) ?? '' })),
  ]
}

const memoryColumns: readonly Column[] = [
  { head: 'bytes per connection', cell: ({ figure }) => figure.median.toFixed(0) },
  { head: 'lowest - highest', cell: ({ figure }) => `${figure.lowest.toFixed(0)} - ${figure.highest.toFixed(0)}` },
  { head: 'RSS with all open, MB', cell: ({ extras }) => megabytes(extras['residentBytes'] ?? 0) },
  { head: 'peak RSS MB', cell: ({ peakBytes }) => megabytes(peakBytes) },
]

/** A row with errors is no result. */
function nameCell({ label, errors, figure }: Row): string {
  if (Number.isNaN(figure.median)) return `${label} (failed)`
  return errors > 0 ? `${label} (invalid)` : label
}

function ratioCell({ errors }: Row, ratio: number | undefined): string {
  return ratio === undefined || errors > 0 ? '-' : ratio.toFixed(2)
}

function cpuCell({ figure, user, system }: Row): string {
  return `${figure.median.toFixed(1)} (${user.toFixed(1)} + ${system.toFixed(1)})`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
