import type { BackendState, Question, Route, RouteId, RoutingTable } from './table.ts'
import { type EntryKind, type HostKind, type Trace, type Verdict, walk } from './walk.ts'

/** Why a request goes where it goes, as plain data. */
export type Explanation = {
  readonly listener: string
  readonly host: string
  readonly path: string
  readonly method: string
  readonly chosenHost: { readonly name: string; readonly kind: HostKind } | undefined
  /** What was looked at, in order: at most one is `taken`. */
  readonly candidates: readonly ExplainedCandidate[]
  readonly outcome: Outcome
}

type ExplainedCandidate = {
  readonly kind: EntryKind
  /** As the user wrote it. */
  readonly path: string
  readonly route: RouteId
  readonly verdict: Verdict
}

type Outcome =
  | { readonly kind: 'route'; readonly route: Route; readonly backends: readonly ExplainedBackend[] }
  | { readonly kind: 'none'; readonly reason: 'no-listener' | 'no-host' | 'no-path' }

type ExplainedBackend = {
  readonly id: string
  /** `missing` would be a bug of ours: each route's backends are in the table. */
  readonly state: BackendState | 'missing'
  readonly endpoints: number
}

/** The same walk as `match`, noting what it sees. */
export function explain(table: RoutingTable, question: Question): Explanation {
  const candidates: ExplainedCandidate[] = []
  let chosenHost: Explanation['chosenHost']
  const trace: Trace = {
    host: (host, kind) => {
      chosenHost = { name: host.name, kind }
    },
    entry: (_entry, kind, route, verdict) => {
      candidates.push({ kind, path: route.path, route: route.id, verdict })
    },
  }
  const route = walk(table, question, trace)
  const { listener, host, path, method } = question
  const outcome = route === undefined ? noRoute(table, listener, chosenHost) : taken(table, route)
  return { listener, host, path, method, chosenHost, candidates, outcome }
}

function noRoute(table: RoutingTable, listener: string, host: Explanation['chosenHost']): Outcome {
  if (!table.listeners.has(listener)) return { kind: 'none', reason: 'no-listener' }
  return { kind: 'none', reason: host === undefined ? 'no-host' : 'no-path' }
}

function taken(table: RoutingTable, route: Route): Outcome {
  const weighted = route.action.kind === 'forward' ? route.action.backends : []
  const backends = weighted.map(({ backend: id }): ExplainedBackend => {
    const backend = table.backends.get(id)
    return { id, state: backend?.state ?? 'missing', endpoints: backend?.endpoints.length ?? 0 }
  })
  return { kind: 'route', route, backends }
}

const hostKinds: Readonly<Record<HostKind, string>> = {
  exact: 'named exactly',
  wildcard: 'by wildcard: no rule names the host exactly',
  rest: 'by the rules for every host: no other names it',
}

const verdicts: Readonly<Record<Verdict, string>> = {
  taken: 'taken',
  'not-whole-segment': 'no: it ends in the middle of a path segment',
  'condition-failed': 'no: method, headers, query or cookies do not fit',
  'less-specific': 'no: the one taken is more specific',
}

const reasons = {
  'no-listener': '404: there is no such listener',
  'no-host': '404: no rule is for this host',
  'no-path': '404: no rule of this host is for this path, and other hosts are not asked',
} as const

export function formatExplanation(explanation: Explanation): string {
  const { method, listener, host, path, chosenHost, candidates, outcome } = explanation
  const lines = [`${method} ${listener}://${host}${path}`]
  if (chosenHost !== undefined) lines.push(`host ${chosenHost.name}, ${hostKinds[chosenHost.kind]}`)
  for (const { kind, path: written, route, verdict } of candidates) {
    lines.push(`  ${kind}${written === '' ? '' : ` ${written}`} [${route}]: ${verdicts[verdict]}`)
  }
  if (outcome.kind === 'none') lines.push(reasons[outcome.reason])
  else lines.push(`route ${outcome.route.id}`, ...actionLines(outcome.route, outcome.backends))
  return `${lines.join('\n')}\n`
}

function actionLines({ action }: Route, backends: readonly ExplainedBackend[]): readonly string[] {
  if (action.kind === 'redirect') return [`${action.status} to ${action.location}`]
  if (action.kind === 'respond') return [answerText(action.status)]
  return backends.map(({ id, state, endpoints }) =>
    state === 'ok' ? `backend ${id}, endpoints: ${endpoints}` : `backend ${id}, 503: ${state}`,
  )
}

/** 503 is what a route answers whose backend is wrong in the object itself. */
function answerText(status: number): string {
  return status === 503 ? '503: the backend of this rule cannot be used' : `${status}: the answer of the rule itself`
}
