import { categories } from './categories.ts'
import type { Profiled } from './profile-row.ts'
import type { Stack } from './stack.ts'

type Line = readonly (string | number)[]

/** What the picture shows, in figures. */
export function timeTable(rows: readonly Profiled[]): string {
  const occurring = categories.filter(({ id }) => rows.some(({ shares }) => (shares.get(id) ?? 0) > 0))
  const lines = occurring.map(({ id, label }) => [
    label,
    ...rows.map(({ shares, microsecondsPerRequest }) => cell((shares.get(id) ?? 0) * microsecondsPerRequest)),
  ])
  const total = ['**all**', ...rows.map((row) => `**${row.microsecondsPerRequest.toFixed(1)}**`)]
  return markdown(['CPU us per request', ...rows.map(nameOf)], [...lines, total])
}

/** The most frequent first; what happens less than once in a hundred requests is not told. */
export function syscallTable(rows: readonly Profiled[]): string {
  const counted = rows.filter(({ syscalls }) => syscalls !== undefined)
  if (counted.length === 0) return 'Neither perf nor strace could count system calls.\n'
  const highest = (name: string) => Math.max(...counted.map(({ syscalls }) => syscalls?.get(name) ?? 0))
  const names = [...new Set(counted.flatMap(({ syscalls }) => [...(syscalls?.keys() ?? [])]))]
    .filter((name) => highest(name) >= 0.01)
    .sort((a, b) => highest(b) - highest(a))
  const lines = names.map((name) => [name, ...counted.map(({ syscalls }) => cell(syscalls?.get(name) ?? 0))])
  const sums = counted.map(({ syscalls }) =>
    cell([...(syscalls?.values() ?? [])].reduce((sum, count) => sum + count, 0)),
  )
  return markdown(['calls per request', ...counted.map(nameOf)], [...lines, ['**all**', ...sums]])
}

/** By V8's profiler, in percent of all JavaScript. */
export function functionTable(javaScript: readonly Stack[], most = 15): string {
  const ours = javaScript.filter(([leaf]) => leaf?.kind === 'javascript')
  const groups = Map.groupBy(ours, ([leaf]) => `${leaf?.name} | ${leaf?.file}`)
  const lines = [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, most)
    .map(([name, group]) => [name, ((group.length / ours.length) * 100).toFixed(1)])
  return markdown(['function', 'file', '%'], lines)
}

function nameOf({ row }: Profiled): string {
  return `${row.lane}, ${row.group}`
}

function cell(value: number): string {
  return value < 0.005 ? '' : value.toFixed(2)
}

function markdown(head: Line, lines: readonly Line[]): string {
  const row = (cells: Line) => `| ${cells.join(' | ')} |`
  return `${[row(head), `|${'---|'.repeat(head.length)}`, ...lines.map(row)].join('\n')}\n`
}
