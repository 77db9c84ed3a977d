import { formatProblem, type Problem } from '../problem.ts'
import { compareText } from './shape.ts'
import type { Action, Candidate, Condition, Host, HostTable, Listener, Route, RoutingTable } from './table.ts'

type Row = { readonly host: string; readonly candidate: Candidate }

/** One line per route: host, path, type, where it goes, where it comes from. The same table gives the same text. */
export function formatTable(table: RoutingTable, problems: readonly Problem[]): string {
  const groups = [...hostTables(table)]
  const lines = groups.flatMap(([hosts, listeners]) => {
    const title = groups.length > 1 ? [`listeners ${listeners.map(({ id }) => id).join(', ')}`] : []
    return [...title, ...align(routeRows(hosts).map((row) => columns(row, table)))]
  })
  const certificates = [...table.certificates]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, { source }]) => `certificate ${name === '' ? '(default)' : name} <- ${source}`)
  const sections = [lines, certificates, problems.map((problem) => `problem ${formatProblem(problem)}`)]
  return sections
    .filter((section) => section.length > 0)
    .map((section) => `${section.join('\n')}\n`)
    .join('\n')
}

function hostTables({ listeners }: RoutingTable): ReadonlyMap<HostTable, readonly Listener[]> {
  return Map.groupBy(listeners.values(), ({ hosts }) => hosts)
}

/** Wildcards behind the names, rules for every host last: the order in which hosts are chosen. */
function hostsOf({ exact, oneLabel, anyLabel, rest }: HostTable): readonly Host[] {
  const sorted = (hosts: Iterable<Host>) => [...hosts].sort((a, b) => compareText(a.name, b.name))
  return [
    ...sorted(exact.values()),
    ...sorted([...oneLabel.values()].flat()),
    ...sorted([...anyLabel.values()].flat()),
    ...(rest === undefined ? [] : [rest]),
  ]
}

function routeRows(table: HostTable): readonly Row[] {
  return hostsOf(table).flatMap((host) => {
    const exact = [...host.exact.values()].sort((a, b) => compareText(a.path, b.path))
    const entries = [...exact, ...host.prefixes, ...(host.fallback === undefined ? [] : [host.fallback])]
    return entries.flatMap(({ candidates }) => candidates.map((candidate) => ({ host: host.name, candidate })))
  })
}

function columns({ host, candidate: { route, condition } }: Row, table: RoutingTable): readonly string[] {
  const { path, pathType, origin, action } = route
  const conditions = condition === undefined ? '' : ` if ${conditionText(condition)}`
  const where = `${origin.kind} ${origin.namespace}/${origin.name} ${origin.field}`
  return [host, path === '' ? '-' : path, pathType, `-> ${actionText(action, table)}${conditions}`, `[${where}]`]
}

function actionText(action: Action, { backends }: RoutingTable): string {
  if (action.kind === 'redirect') return `${action.status} ${action.location}`
  if (action.kind === 'respond') return `${action.status}`
  return action.backends
    .map(({ backend: id, weight }) => {
      const backend = backends.get(id)
      const count = backend?.endpoints.length ?? 0
      const share = action.backends.length > 1 ? ` weight ${weight}` : ''
      const protocol = backend === undefined || backend.protocol === 'http' ? '' : `, ${backend.protocol}`
      const state = backend === undefined || backend.state === 'ok' ? '' : `, ${backend.state}`
      return `${id}${share} (${count} ${count === 1 ? 'endpoint' : 'endpoints'}${protocol}${state})`
    })
    .join(', ')
}

function conditionText({ methods, headers, query, cookies }: Condition): string {
  const named = (kind: string, conditions: Condition['headers']) =>
    conditions.map(({ name, value }) => `${kind} ${name}=${value}`)
  const parts = [...named('header', headers), ...named('query', query), ...named('cookie', cookies)]
  return [...(methods === undefined ? [] : [`method ${methods.join('|')}`]), ...parts].join(', ')
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** For JSON. Field by field, so that no private key gets in by being added to a type. */
export function tableToJson(table: RoutingTable, problems: readonly Problem[]): object {
  return {
    generation: table.generation,
    settings: table.settings,
    listeners: [...hostTables(table)].map(([hosts, listeners]) => ({
      listeners: listeners.map(({ id, protocol }) => ({ id, protocol })),
      routes: routeRows(hosts).map(({ host, candidate }) => routeToJson(host, candidate.route, candidate.condition)),
    })),
    backends: [...table.backends.values()].sort((a, b) => compareText(a.id, b.id)),
    certificates: [...table.certificates]
      .sort(([a], [b]) => compareText(a, b))
      .map(([serverName, { id, source, names, notBefore, notAfter }]) => ({
        serverName,
        id,
        source,
        names,
        notBefore: isoTime(notBefore),
        notAfter: isoTime(notAfter),
      })),
    problems,
  }
}

function routeToJson(host: string, route: Route, condition: Condition | undefined): object {
  const { id, path, pathType, action, origin } = route
  return { host, path, pathType, id, action, origin, ...(condition !== undefined && { condition }) }
}

function isoTime(milliseconds: number): string {
  return Number.isNaN(new Date(milliseconds).getTime()) ? String(milliseconds) : new Date(milliseconds).toISOString()
}
