import type { Problem } from '../problem.ts'
import { compareAge, type HostPart, type IngressPart, type PathPart } from './ingress.ts'
import { compilePaths } from './paths.ts'
import type { Candidate, Host, PathEntry, Route } from './table.ts'

export type MergedHost = { readonly host: Host; readonly problems: readonly Problem[] }

/**
 * One host out of what all Ingresses ask for it. The older Ingress wins where two want the same path (`compareAge`), and
 * the loser is told. `lastResort`: the controller's default backend, where no Ingress of the host has its own.
 */
export function mergeHost(name: string, parts: Iterable<IngressPart>, lastResort: Route | undefined): MergedHost {
  const problems: Problem[] = []
  const winners = { exact: new Map<string, PathPart>(), prefix: new Map<string, PathPart>() }
  let fallback: Route | undefined
  for (const part of [...parts].sort(compareAge)) {
    const hostPart = part.hosts.get(name)
    if (hostPart === undefined) continue
    for (const path of hostPart.paths) addPath(winners[path.kind], path, problems)
    fallback = addFallback(fallback, hostPart, name, problems)
  }
  return {
    host: {
      name,
      ...compilePaths(toCandidates(winners.exact), toCandidates(winners.prefix)),
      fallback: toFallback(fallback ?? lastResort),
    },
    problems,
  }
}

/** "/foo and /foo/ both match /foo and /foo/. If both are present the longest (/foo/) is given priority" (networking/v1). */
function addPath(winners: Map<string, PathPart>, path: PathPart, problems: Problem[]): void {
  const other = winners.get(path.path)
  const wins = other === undefined || (path.hasTrailingSlash && !other.hasTrailingSlash)
  if (wins) winners.set(path.path, path)
  if (other !== undefined) problems.push(wins ? duplicate(other.route, path.route) : duplicate(path.route, other.route))
}

function addFallback(
  fallback: Route | undefined,
  part: HostPart,
  host: string,
  problems: Problem[],
): Route | undefined {
  if (fallback === undefined || part.fallback === undefined) return fallback ?? part.fallback
  problems.push(duplicate(part.fallback, fallback, host))
  return fallback
}

function duplicate(loser: Route, winner: Route, host = loser.host): Problem {
  const { kind, namespace, name, field } = loser.origin
  const what = loser.pathType === 'Default' ? 'default backend' : `${loser.pathType} path ${loser.path}`
  return {
    object: { kind, namespace, name },
    field,
    reason: 'DuplicateRoute',
    message: `the ${what} of host ${host} is taken by ${originText(winner)}`,
    instead: `requests go where ${winner.origin.kind} ${winner.origin.namespace}/${winner.origin.name} says`,
  }
}

function originText({ origin, path }: Route): string {
  const place = `${origin.kind} ${origin.namespace}/${origin.name} ${origin.field}`
  return path === '' ? place : `${place} (${path})`
}

function toCandidates(parts: ReadonlyMap<string, PathPart>): ReadonlyMap<string, readonly Candidate[]> {
  return new Map([...parts].map(([path, { route }]) => [path, [{ route, condition: undefined }]]))
}

function toFallback(route: Route | undefined): PathEntry | undefined {
  return route && { path: '', candidates: [{ route, condition: undefined }] }
}
