import { isRecord } from '../is-record.ts'
import type { ObjectRef, Problem } from '../problem.ts'
import { type Ingress, keyOf, type ObjectKey } from '../watch/objects.ts'
import { type BackendReference, readBackend } from './backend-reference.ts'
import { validRuleHost } from './host-name.ts'
import { normaliseRulePath } from './normalise-path.ts'
import { Reports } from './reports.ts'
import { listOf, show } from './shape.ts'
import type { PathType, Route } from './table.ts'
import { readTlsClaims, type TlsClaim } from './tls-claims.ts'

/** What one Ingress asks for, by itself: who wins where two ask for the same is not decided here. */
export type IngressPart = {
  readonly key: ObjectKey
  readonly object: ObjectRef
  /** Milliseconds since the epoch; 0 where there is no timestamp, as in files. */
  readonly createdAt: number
  /** By host as written; rules without a host under `*`. */
  readonly hosts: ReadonlyMap<string, HostPart>
  readonly references: readonly BackendReference[]
  readonly claims: readonly TlsClaim[]
  readonly problems: readonly Problem[]
}

export type HostPart = {
  readonly paths: readonly PathPart[]
  /** From `spec.defaultBackend`. */
  readonly fallback: Route | undefined
}

export type PathPart = {
  readonly kind: 'exact' | 'prefix'
  /** In match form; a prefix without trailing slash. */
  readonly path: string
  /** A prefix is written with a trailing slash: as the longer of the two it goes before the other. */
  readonly hasTrailingSlash: boolean
  readonly route: Route
}

type HostPaths = Map<string, PathPart[]>

export const catchAll = '*'

export function readIngress(ingress: Ingress, options: { readonly disableCatchAll: boolean }): IngressPart {
  const { metadata } = ingress
  const object = { kind: 'Ingress', namespace: metadata.namespace ?? 'default', name: metadata.name }
  const reports = new Reports(object)
  const reader = new IngressReader(object, reports, options.disableCatchAll)
  const spec: unknown = ingress.spec
  const hosts = isRecord(spec) ? reader.readSpec(spec) : new Map<string, HostPart>()
  if (!isRecord(spec)) reports.add('BadManifest', 'spec', 'the Ingress has no spec', 'nothing is served for it')
  const claims = isRecord(spec) ? readTlsClaims(spec['tls'], object.namespace, reports) : []
  const created = Date.parse(metadata.creationTimestamp ?? '')
  return {
    key: keyOf(ingress),
    object,
    createdAt: Number.isNaN(created) ? 0 : created,
    hosts,
    references: reader.references,
    claims,
    problems: reports.problems,
  }
}

class IngressReader {
  readonly references: BackendReference[] = []
  readonly #object: ObjectRef
  readonly #reports: Reports
  readonly #disableCatchAll: boolean

  constructor(object: ObjectRef, reports: Reports, disableCatchAll: boolean) {
    this.#object = object
    this.#reports = reports
    this.#disableCatchAll = disableCatchAll
  }

  readSpec(spec: Readonly<Record<string, unknown>>): ReadonlyMap<string, HostPart> {
    const { rules, defaultBackend } = spec
    const hasRules = Array.isArray(rules) && rules.length > 0
    if (rules !== undefined && rules !== null && !Array.isArray(rules)) {
      this.#reports.add('BadManifest', 'spec.rules', `${show(rules)} is no list`, 'no rule of this Ingress is served')
    }
    const paths: HostPaths = new Map()
    for (const [at, rule] of listOf(rules).entries()) this.#readRule(rule, `spec.rules[${at}]`, paths)
    const isAbsent = defaultBackend === undefined || defaultBackend === null
    const isDropped = !hasRules && !isAbsent && this.#dropsCatchAll('spec.defaultBackend')
    // Rules that are all wrong still say that this Ingress is not meant to serve every host.
    const fallback = isAbsent || isDropped ? undefined : this.#readFallback(defaultBackend)
    if (!hasRules && fallback !== undefined) paths.set(catchAll, [])
    if (!hasRules && isAbsent) {
      this.#reports.add(
        'InvalidBackend',
        'spec',
        'there are neither rules nor a defaultBackend',
        'nothing is served for it',
      )
    }
    return new Map(
      [...paths].map(([host, parts]) => [host, { paths: parts, fallback: fallback && { ...fallback, host } }]),
    )
  }

  #readFallback(backend: unknown): Route {
    return this.#route('spec.defaultBackend', 'spec.defaultBackend', catchAll, '', 'Default', backend)
  }

  #readRule(rule: unknown, field: string, hosts: HostPaths): void {
    if (!isRecord(rule)) {
      return this.#reports.add('BadManifest', field, `${show(rule)} is no rule`, 'this rule is left out')
    }
    const host = this.#readHost(rule['host'], field)
    if (host === undefined) return
    const { http } = rule
    const paths = hosts.get(host) ?? []
    hosts.set(host, paths)
    if (http === undefined || http === null) return
    if (!isRecord(http) || !Array.isArray(http['paths'])) {
      return this.#reports.add(
        'BadManifest',
        `${field}.http.paths`,
        'there is no list of paths',
        'this rule has no paths',
      )
    }
    for (const [at, path] of http['paths'].entries()) {
      const part = this.#readPath(path, host, `${field}.http.paths[${at}]`)
      if (part !== undefined) paths.push(part)
    }
  }

  #readHost(host: unknown, field: string): string | undefined {
    if (host === undefined || host === null || host === '') {
      return this.#dropsCatchAll(field) ? undefined : catchAll
    }
    if (typeof host === 'string' && validRuleHost(host)) return host
    const message = `${show(host)} is no DNS name in lower case, with at most a whole first label "*"`
    this.#reports.add('InvalidHost', `${field}.host`, message, 'this rule is left out')
    return undefined
  }

  #dropsCatchAll(field: string): boolean {
    if (!this.#disableCatchAll) return false
    const message = 'this would serve every host, which --disable-catch-all forbids'
    this.#reports.add('CatchAllDisabled', field, message, 'it is left out')
    return true
  }

  #readPath(value: unknown, host: string, field: string): PathPart | undefined {
    const leftOut = 'this path is left out'
    if (!isRecord(value)) {
      this.#reports.add('BadManifest', field, `${show(value)} is no path`, leftOut)
      return undefined
    }
    const type = readPathType(value['pathType'])
    if (type === undefined) {
      const message = `${show(value['pathType'])} is none of Exact, Prefix, ImplementationSpecific`
      this.#reports.add('InvalidPathType', `${field}.pathType`, message, leftOut)
      return undefined
    }
    const written = type === 'ImplementationSpecific' ? (value['path'] ?? '') || '/' : value['path']
    const path = typeof written === 'string' ? normaliseRulePath(written) : undefined
    if (typeof written !== 'string' || path === undefined) {
      const message = `${show(written)} is no path: it must begin with "/", and no request can have "?", "#" or "\\" in it`
      this.#reports.add('InvalidPath', `${field}.path`, message, leftOut)
      return undefined
    }
    const route = this.#route(field, `${field}.backend`, host, written, type, value['backend'])
    if (type === 'Exact') return { kind: 'exact', path, hasTrailingSlash: false, route }
    const hasTrailingSlash = path.endsWith('/')
    return { kind: 'prefix', path: hasTrailingSlash ? path.slice(0, -1) : path, hasTrailingSlash, route }
  }

  /**
   * A backend that is wrong keeps its route, which answers 503: without it, requests meant for this path would go to
   * the backend of a shorter one, whose owner never asked for them.
   */
  #route(field: string, backendField: string, host: string, path: string, pathType: PathType, value: unknown): Route {
    const { kind, namespace, name } = this.#object
    const reference = readBackend(value, backendField, this.#object, this.#reports)
    if (reference !== undefined) this.references.push(reference)
    return {
      id: `${kind}/${namespace}/${name}/${field}`,
      origin: { kind, namespace, name, field },
      host,
      path,
      pathType,
      action:
        reference === undefined
          ? { kind: 'respond', status: 503 }
          : { kind: 'forward', backends: [{ backend: reference.id, weight: 1 }] },
    }
  }
}

function readPathType(value: unknown): PathType | undefined {
  return value === 'Exact' || value === 'Prefix' || value === 'ImplementationSpecific' ? value : undefined
}

/** Oldest first, then by namespace and name: the order of Gateway API, in which the first one wins. */
export function compareAge(a: IngressPart, b: IngressPart): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}
