import type { Problem } from '../problem.ts'
import type { ObjectKey } from '../watch/objects.ts'
import { BackendIndex } from './backend-index.ts'
import { type BackendReference, backendReference } from './backend-reference.ts'
import type { BuildInput, BuildOptions } from './build-input.ts'
import { CertificateIndex } from './certificate-index.ts'
import { HostIndex } from './host-index.ts'
import { catchAll } from './ingress.ts'
import { IngressIndex } from './ingress-index.ts'
import { SettingsIndex } from './settings-index.ts'
import { compareText } from './shape.ts'
import type { HostTable, Listener, ListenerId, Route, RoutingTable } from './table.ts'

export type Build = {
  readonly table: RoutingTable
  readonly problems: readonly Problem[]
  /** Names of ExternalName Services that a route needs: the controller has them resolved. */
  readonly externalNames: readonly string[]
  /** Keys of the Ingresses that are ours: whose status we write. */
  readonly ingresses: readonly ObjectKey[]
}

/** The table of this state, from scratch. Pure. */
export function buildRoutingTable(input: BuildInput, options: BuildOptions): Build {
  return createTableBuilder(options)(input)
}

/**
 * A builder that remembers what it made of the objects it saw last, so that the work is that of the change. What it gives
 * does not depend on what it remembers, but for the generation: hosts, backends, certificates, and the whole table, are
 * the same objects as last time where they hold the same.
 */
export function createTableBuilder(options: BuildOptions): (input: BuildInput) => Build {
  const lastResort = defaultBackendReference(options)
  const ingresses = new IngressIndex(options)
  const hosts = new HostIndex(lastResort && defaultBackendRoute(lastResort))
  const backends = new BackendIndex(options, lastResort)
  const certificates = new CertificateIndex(options)
  const settings = new SettingsIndex(options.configMap)
  let table: RoutingTable | undefined
  let problems: readonly Problem[] = []
  return (input) => {
    const changes = ingresses.update(input.state)
    table = nextTable(table, {
      hosts: hosts.update(changes),
      backends: backends.update(changes, input),
      certificates: certificates.update(changes, input),
      settings: settings.update(input.state),
    })
    const found = [ingresses, hosts, backends, certificates, settings].flatMap((index) =>
      [...index.problems.values()].flat(),
    )
    problems = keepProblems(problems, found)
    return { table, problems, externalNames: backends.externalNames, ingresses: ingresses.keys }
  }
}

type Contents = Pick<RoutingTable, 'backends' | 'certificates' | 'settings'> & { readonly hosts: HostTable }

function nextTable(
  before: RoutingTable | undefined,
  { hosts, backends, certificates, settings }: Contents,
): RoutingTable {
  const listeners = before?.listeners.get('http')?.hosts === hosts ? before.listeners : listenersOf(hosts)
  const isSame =
    before !== undefined &&
    before.listeners === listeners &&
    before.backends === backends &&
    before.certificates === certificates &&
    before.settings === settings
  if (isSame) return before
  return { generation: (before?.generation ?? 0) + 1, listeners, backends, certificates, settings }
}

function listenersOf(hosts: HostTable): ReadonlyMap<ListenerId, Listener> {
  return new Map([
    ['http', { id: 'http', protocol: 'http', hosts }],
    ['https', { id: 'https', protocol: 'https', hosts }],
  ])
}

const defaultBackendFlag = '--default-backend-service'

function defaultBackendReference({ defaultBackendService: service }: BuildOptions): BackendReference | undefined {
  if (service === undefined) return undefined
  const { namespace, name, port } = service
  return backendReference({ kind: 'Service', namespace, name }, defaultBackendFlag, namespace, name, port)
}

function defaultBackendRoute({ id, object, field }: BackendReference): Route {
  return {
    id: `${object.kind}/${object.namespace}/${object.name}/${field}`,
    origin: { ...object, field },
    host: catchAll,
    path: '',
    pathType: 'Default',
    action: { kind: 'forward', backends: [{ backend: id, weight: 1 }] },
  }
}

/** Sorted, so that the same state gives the same list whatever came before it; the same list as long as it holds the same. */
function keepProblems(before: readonly Problem[], found: readonly Problem[]): readonly Problem[] {
  const sorted = found.toSorted(compareProblems)
  const isSame = sorted.length === before.length && sorted.every((problem, at) => isSameProblem(problem, before[at]))
  return isSame ? before : sorted
}

function compareProblems(a: Problem, b: Problem): number {
  return (
    compareText(a.object.kind, b.object.kind) ||
    compareText(a.object.namespace, b.object.namespace) ||
    compareText(a.object.name, b.object.name) ||
    a.field.localeCompare(b.field, 'en', { numeric: true }) ||
    compareText(a.reason, b.reason) ||
    compareText(a.message, b.message)
  )
}

function isSameProblem(a: Problem, b: Problem | undefined): boolean {
  return a === b || (b !== undefined && compareProblems(a, b) === 0 && a.instead === b.instead)
}
