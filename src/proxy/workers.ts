import cluster, { type Worker } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../log.ts'
import type { TablePatch } from '../router/diff.ts'
import type { Carrier, NamedReport } from './carrier.ts'
import { claimPlaces } from './claim-places.ts'
import type { BoundPorts, ListenOptions } from './listeners.ts'
import type { FromWorker, ProcessReport, ToWorker, WorkerSetup } from './messages.ts'

export type WorkersOptions = {
  readonly count: number
  readonly log: Logger
  readonly setup: WorkerSetup
  /** The table of this moment, for a worker that has none yet. */
  readonly wholeTable: () => readonly TablePatch[]
  /** Workers die faster than replacing them helps: somebody must look at it. */
  readonly onCrashLoop: () => void
}

/**
 * What requests leave behind is young and small. Three of these are set aside: V8's default of 32 MB makes a worker 60 MB larger at
 * 10,000 Ingresses (bench/scale.ts) and costs no less CPU; 8 MB costs a third more where each request has a connection of its own.
 */
const youngGenerationMb = 16

/** Several threads that copy what little survives get in each other's way on the one core that a worker has: 0.2 of nginx over HTTP/2. */
const collectorFlags = ['--no-parallel-scavenge']
const reportTimeoutMs = 2_000
const crashWindowMs = 60_000
const crashesAllowed = 5

/** The processes that carry traffic, kept at their number. A worker that dies takes only its own connections with it. */
export class Workers implements Carrier {
  readonly #options: WorkersOptions
  readonly #ready = new Set<Worker>()
  readonly #pendingReports = new Map<number, (report: ProcessReport) => void>()
  readonly #crashes: number[] = []
  #listen: ListenOptions | undefined
  #nextReport = 0
  #hasListened = false
  #ending = false
  #restarts = 0

  constructor(options: WorkersOptions) {
    this.#options = options
    cluster.setupPrimary({
      exec: workerFile(),
      serialization: 'advanced',
      args: [],
      execArgv: [...process.execArgv, `--max-semi-space-size=${youngGenerationMb}`, ...collectorFlags],
    })
    this.#environment = { HEADGATE_WORKER_SETUP: JSON.stringify(options.setup) }
  }

  readonly #environment: Readonly<Record<string, string>>

  get workers(): { readonly alive: number; readonly restarts: number } {
    return { alive: this.#ready.size, restarts: this.#restarts }
  }

  processes(): readonly string[] {
    return [...this.#ready].map(nameOf)
  }

  async start(_first: readonly TablePatch[], listen: ListenOptions): Promise<BoundPorts> {
    this.#listen = await claimPlaces(listen)
    const [ports] = await Promise.all(Array.from({ length: this.#options.count }, () => this.#spawn()))
    if (ports === undefined) throw new Error('no worker was started')
    return ports
  }

  update(patch: TablePatch): void {
    for (const worker of this.#ready) send(worker, { type: 'patch', patch, last: true })
  }

  /** A worker that does not answer in time is left out: its counts come with a later scrape. */
  async reports(): Promise<readonly NamedReport[]> {
    const reports = await Promise.all([...this.#ready].map((worker) => this.#reportOf(worker)))
    return reports.filter((report) => report !== undefined)
  }

  announceEnd(): void {
    for (const worker of this.#ready) send(worker, { type: 'announce-end' })
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#ending = true
    const exits = [...this.#ready].map(
      (worker) =>
        new Promise<void>((resolve) => {
          worker.once('exit', () => resolve())
        }),
    )
    for (const worker of this.#ready) send(worker, { type: 'drain', deadlineMs })
    await Promise.all(exits)
  }

  /** Resolves when the worker listens, with a table. */
  #spawn(): Promise<BoundPorts> {
    const worker = cluster.fork(this.#environment)
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        switch (message.type) {
          case 'started':
            this.#equip(worker)
            break
          case 'listening':
            this.#options.log.info({ worker: worker.process.pid }, 'worker listens')
            this.#hasListened = true
            resolve(message.ports)
            break
          case 'listen-failed':
            reject(Object.assign(new Error(message.message), { code: message.code, port: message.port }))
            // One that replaces another is of no use like this: it counts as a crash, and the next one tries again.
            if (this.#hasListened) worker.process.kill('SIGKILL')
            break
          case 'report':
            this.#pendingReports.get(message.id)?.(message.report)
            break
          case 'drained':
            break
          default:
            message satisfies never
        }
      })
      // A process that could not be started, or not be sent a message: unheard, it would end the primary.
      worker.on('error', (error) => {
        this.#options.log.error({ worker: worker.process.pid, error }, 'worker failed')
        reject(error)
      })
      worker.once('exit', (code, signal) => {
        this.#ready.delete(worker)
        reject(new Error(`worker ended with ${signal ?? code} before it listened`))
        if (!this.#ending && this.#listen !== undefined) this.#replace(worker, signal ?? code)
      })
    })
  }

  /** From here on the worker gets every patch: the whole table and the patches after it stay in order. */
  #equip(worker: Worker): void {
    // It was to replace another one when the end came.
    if (this.#ending) return void worker.disconnect()
    if (this.#listen === undefined) return
    const table = this.#options.wholeTable()
    table.forEach((patch, index) => {
      send(worker, { type: 'patch', patch, last: index === table.length - 1 })
    })
    send(worker, { type: 'listen', options: this.#listen })
    this.#ready.add(worker)
  }

  #replace(worker: Worker, reason: string | number): void {
    const { log, onCrashLoop } = this.#options
    const now = performance.now()
    this.#crashes.push(now)
    while ((this.#crashes[0] ?? now) < now - crashWindowMs) this.#crashes.shift()
    this.#restarts++
    log.error({ worker: worker.process.pid, reason }, 'worker died and is replaced')
    if (this.#crashes.length > crashesAllowed) {
      onCrashLoop()
      return
    }
    this.#spawn().catch((error: unknown) => log.error({ error }, 'replacement worker did not start'))
  }

  #reportOf(worker: Worker): Promise<NamedReport | undefined> {
    const id = this.#nextReport++
    return new Promise((resolve) => {
      const settle = (report: ProcessReport | undefined): void => {
        clearTimeout(timer)
        this.#pendingReports.delete(id)
        resolve(report === undefined ? undefined : { process: nameOf(worker), report })
      }
      const timer = setTimeout(() => settle(undefined), reportTimeoutMs)
      this.#pendingReports.set(id, settle)
      send(worker, { type: 'report', id })
    })
  }
}

function nameOf(worker: Worker): string {
  return `worker-${worker.id}`
}

function send(worker: Worker, message: ToWorker): void {
  // A worker that is just dying cannot take it; its 'exit' is handled.
  if (worker.isConnected()) worker.send(message, () => {})
}

/** Beside this file, in whichever form it runs: TypeScript in a checkout, JavaScript in the package. */
function workerFile(): string {
  return fileURLToPath(import.meta.url.replace(/workers\.(ts|js)$/, 'worker.$1'))
}
