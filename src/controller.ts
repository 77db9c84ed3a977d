import type { Logger } from './log.ts'
import { formatProblem, type Problem } from './problem.ts'
import { type Build, createTableBuilder } from './router/build.ts'
import type { BuildInput, BuildOptions } from './router/build-input.ts'
import { diffTables, type TablePatch } from './router/diff.ts'
import type { RoutingTable } from './router/table.ts'
import type { SecretFinder } from './router/wanted-secrets.ts'
import type { CertificateStore } from './tls/certificate-store.ts'
import type { ClusterState } from './watch/cluster-state.ts'

export type ControllerOptions = {
  readonly build: BuildOptions
  readonly findSecrets: SecretFinder
  readonly certificates: CertificateStore
  readonly log: Logger
  /** A table that differs from the one before. */
  readonly onTable: (patch: TablePatch) => void
  /** After every build, also where the table stayed the same. */
  readonly onBuild: (build: Build, problems: readonly Problem[], state: ClusterState) => void
}

/** What the admin pages and metrics tell of the last change. */
export type ControllerStatus = {
  readonly table: RoutingTable | undefined
  readonly problems: readonly Problem[]
  /** Unix seconds; undefined: not yet. */
  readonly lastSuccess: number | undefined
  /** Seconds. */
  readonly lastDuration: number | undefined
}

/**
 * The life of a change: a new state, certificates or addresses in; one table out, and the problems found on the way. Works on
 * the whole state each time, never on an event, so lost, merged or repeated events cannot matter.
 */
export class Controller {
  readonly #options: ControllerOptions
  readonly #build: (input: BuildInput) => Build
  #state: ClusterState | undefined
  #sourceProblems: readonly Problem[] = []
  #externalAddresses: ReadonlyMap<string, readonly string[]> = new Map()
  #logged: ReadonlySet<string> = new Set()
  #status: ControllerStatus = { table: undefined, problems: [], lastSuccess: undefined, lastDuration: undefined }

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#build = createTableBuilder(options.build)
  }

  get status(): ControllerStatus {
    return this.#status
  }

  onState(state: ClusterState, problems: readonly Problem[]): void {
    this.#state = state
    this.#sourceProblems = problems
    this.#rebuild(state)
  }

  onExternalAddresses(addresses: ReadonlyMap<string, readonly string[]>): void {
    this.#externalAddresses = addresses
    if (this.#state !== undefined) this.#rebuild(this.#state)
  }

  #rebuild(state: ClusterState): void {
    const startedAt = performance.now()
    const { certificates, findSecrets, onTable, onBuild } = this.#options
    const fromSecrets = certificates.update(state.secrets, findSecrets(state))
    const build = this.#build({
      state,
      certificates: fromSecrets.certificates,
      externalAddresses: this.#externalAddresses,
    })
    const problems = [...this.#sourceProblems, ...fromSecrets.problems, ...build.problems]
    const before = this.#status.table
    this.#status = {
      table: build.table,
      problems,
      lastSuccess: Date.now() / 1000,
      lastDuration: (performance.now() - startedAt) / 1000,
    }
    this.#logNew(problems)
    if (build.table !== before) onTable(diffTables(before, build.table))
    onBuild(build, problems, state)
  }

  /** Each problem once, when it appears; and once more that it is gone. */
  #logNew(problems: readonly Problem[]): void {
    const now = new Set<string>()
    for (const problem of problems) {
      const line = formatProblem(problem)
      now.add(line)
      if (this.#logged.has(line)) continue
      const { object, field, reason, message, instead } = problem
      this.#options.log.warn({ ...object, field, reason, detail: message, instead }, 'problem found')
    }
    for (const line of this.#logged) if (!now.has(line)) this.#options.log.info({ problem: line }, 'problem solved')
    this.#logged = now
  }
}
