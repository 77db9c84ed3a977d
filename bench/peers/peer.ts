import type { Certificate } from './certificate.ts'

/** What a workload needs and not every peer has. */
export type Ability =
  /** Passes requests on to endpoints: all but the floor. */
  | 'upstream'
  | 'tls'
  | 'h2'
  | 'websocket'
  | 'access-log'
  /** Can be given many hosts, or several workers, by its template. */
  | 'hosts'
  | 'workers'
  /** Its figures for open connections are of interest. */
  | 'gateway'
  /** Takes new routes without a reload. */
  | 'live-table'

export type Setup = {
  readonly accessLog: boolean
  readonly workers: number
  /** Beside bench.example.com. */
  readonly hosts: number
}

export const plainSetup: Setup = { accessLog: false, workers: 1, hosts: 0 }

export type Backends = {
  /** Three endpoints of one Service. */
  readonly app: readonly number[]
  /** Echoes WebSocket messages; reached by the path /echo. */
  readonly echo: number
}

/** Where and for what a peer is started. */
export type Site = {
  /** Its own, for whatever it writes. */
  readonly folder: string
  readonly port: number
  readonly tlsPort: number
  readonly setup: Setup
  readonly backends: Backends
  readonly certificate: Certificate
}

/** A proxy of the comparison: all do the same job, so that the difference is in how. */
export type Peer = {
  readonly name: string
  /** What must be on PATH. */
  readonly program: string | undefined
  readonly abilities: ReadonlySet<Ability>
  /** Left out unless `--only` names it. */
  readonly onlyWhenNamed: boolean
  version(): string
  /** Writes what it needs into the folder and says how it is started. */
  prepare(site: Site): Promise<readonly string[]>
}

/** The names in the table of a peer with so many hosts. */
export function hostNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `host-${i}.example.com`)
}
