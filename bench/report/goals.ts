import type { Result } from './report.ts'
import type { Row } from './row.ts'

/** What the issues of the fast lane and of HTTP/2 promise, by rows of the tables. */
export type Goal = {
  readonly what: string
  readonly limit: number
  readonly isMinimum?: boolean
  readonly unit?: string
  /** Undefined where a row is missing. */
  readonly value: number | undefined
  /** Of rows that it comes from; a round without figures counts as one. */
  readonly errors: number
  readonly remark?: string
}

export function goalsOf(results: readonly Result[], areCoresShared: boolean): readonly Goal[] {
  const find = (workload: string, label: string): Row | undefined =>
    results.find((result) => result.workload.name === workload)?.rows.find((row) => row.label === label)
  const goals = [
    vsNginx(find, 'small-get', 'small GET', 1),
    vsNginx(find, 'tls', 'small GET, TLS', 1),
    vsNginx(find, 'h2', 'small GET, HTTP/2', 0.95),
    vsNginx(find, 'h2-one', 'small GET, HTTP/2, one connection', 1),
    vsNginx(find, 'h2-many', 'small GET, HTTP/2, one request at a time', 1.2),
    vsNginx(find, 'h2-64k', '64 KB response, HTTP/2', 1.15),
    costOfLog(find),
    vsNginx(find, '64k', '64 KB response', 1.2),
    vsNginx(find, '1m', '1 MB response', 1.2),
    vsNginx(find, 'connect', 'new connection per request', 1.3),
    vsNginx(find, 'tls-full', 'full TLS handshake', 1.1),
    ...['caddy', 'http-proxy-3', 'traefik'].flatMap((other) => [
      vsOther(find, 'small-get', 'small GET', other),
      vsOther(find, 'tls', 'small GET, TLS', other),
    ]),
    manyHosts(find),
    memory(find, 'idle-memory', 'idle connection'),
    memory(find, 'idle-memory-tls', 'idle TLS connection'),
    changes(find),
    twoWorkers(find, areCoresShared),
  ]
  return goals.filter(({ value, errors }) => value !== undefined || errors > 0)
}

type Find = (workload: string, label: string) => Row | undefined

function vsNginx(find: Find, workload: string, what: string, limit: number): Goal {
  const row = find(workload, 'headgate')
  const value = row?.comparedTo === 'nginx' ? row.ratio : undefined
  return { what: `${what}: CPU vs nginx`, limit, value, errors: errorsOf(row, find(workload, 'nginx')) }
}

function vsOther(find: Find, workload: string, what: string, other: string): Goal {
  const [ours, theirs] = [find(workload, 'headgate'), find(workload, other)]
  const value = ours && theirs && ours.figure.median / theirs.figure.median
  return {
    what: `${what}: CPU vs ${other}`,
    limit: 0.4,
    value,
    errors: theirs === undefined ? 0 : errorsOf(ours, theirs),
  }
}

function costOfLog(find: Find): Goal {
  const costOf = (name: string): number | undefined => {
    const [on, off] = [find('access-log', `${name}, log on`), find('access-log', `${name}, log off`)]
    return on && off && on.figure.median - off.figure.median
  }
  const nginx = costOf('nginx')
  const errors = errorsOf(find('access-log', 'headgate, log on'), find('access-log', 'headgate, log off'))
  const remark = nginx === undefined ? '' : `nginx's own: ${nginx.toFixed(1)} us`
  return { what: 'access log adds', limit: 2, unit: 'us', value: costOf('headgate'), errors, remark }
}

function manyHosts(find: Find): Goal {
  const row = find('hosts', 'headgate, 20,000 hosts')
  return { what: '20,000 hosts: CPU vs 100 hosts', limit: 1.02, value: row?.ratio, errors: errorsOf(row) }
}

function memory(find: Find, workload: string, what: string): Goal {
  const [ours, nginx] = [find(workload, 'headgate'), find(workload, 'nginx')]
  const limit = Math.max(2 * (nginx?.figure.median ?? 0), 12 * 1024)
  return { what: `${what}: RSS`, limit, unit: 'bytes', value: ours?.figure.median, errors: errorsOf(ours, nginx) }
}

function changes(find: Find): Goal {
  const row = find('table-changes', 'headgate, changing')
  return { what: 'table changes: p99 vs quiet', limit: 1.1, value: row?.alsoRatio, errors: errorsOf(row) }
}

function twoWorkers(find: Find, areCoresShared: boolean): Goal {
  const row = find('workers', 'headgate, 2 workers')
  const remark = areCoresShared ? 'on the cores of the load generator, which is the limit' : ''
  return {
    ...{ what: 'two workers: requests/s vs one', limit: 1.8, isMinimum: true, remark },
    ...{ value: row?.alsoRatio, errors: errorsOf(row) },
  }
}

function errorsOf(...rows: readonly (Row | undefined)[]): number {
  return rows.reduce((sum, row) => sum + (row === undefined ? 0 : row.errors + row.failures.length), 0)
}

export function formatGoals(goals: readonly Goal[]): string {
  if (goals.length === 0) return ''
  const lines = goals.map((goal) => `| ${[goal.what, limitOf(goal), hereOf(goal), verdictOf(goal)].join(' | ')} |\n`)
  return `## What must hold\n\n| | limit | here | |\n| --- | --- | --- | --- |\n${lines.join('')}`
}

function limitOf({ limit, isMinimum, unit = '' }: Goal): string {
  return `at ${isMinimum ? 'least' : 'most'} ${unit === 'bytes' ? limit.toFixed(0) : limit} ${unit}`.trimEnd()
}

function hereOf({ value, unit = '' }: Goal): string {
  if (value === undefined || Number.isNaN(value)) return '-'
  return `${value.toFixed(unit === 'bytes' ? 0 : 2)} ${unit}`.trimEnd()
}

function verdictOf({ value = Number.NaN, limit, isMinimum = false, errors, remark = '' }: Goal): string {
  const verdict = (isMinimum ? value >= limit : value <= limit) ? 'holds' : '**does not hold**'
  return [errors > 0 ? 'invalid' : verdict, remark].filter((text) => text !== '').join('; ')
}
