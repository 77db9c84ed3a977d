import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Bed } from '../../test/cluster/support/bed.ts'
import type { Change, ProbeCommand, ProbeLine, ProbeOptions } from './report.ts'

const program = fileURLToPath(new URL('./probe.ts', import.meta.url))

/** The probe in the network of the client outside, as the bench speaks to it. */
export class Probe {
  readonly #child: ChildProcess
  readonly #ended = Promise.withResolvers<never>()
  /** When a bare watch told of each resourceVersion. */
  readonly #events = new Map<string, number>()
  #onReady: () => void = () => {}
  #onChanged: (change: Change) => void = () => {}
  #onEvent: () => void = () => {}

  constructor(bed: Bed, options: ProbeOptions) {
    this.#child = bed.spawnAsClient(process.execPath, [program, JSON.stringify(options)])
    const { stdout, stderr } = this.#child
    if (stdout === null || stderr === null) throw new Error('the output of the probe is not ours to read')
    createInterface({ input: stdout }).on('line', (line) => this.#read(JSON.parse(line)))
    let errors = ''
    stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    this.#ended.promise.catch(() => {})
    this.#child.once('close', (code) => this.#ended.reject(new Error(`the probe ended with ${code}: ${errors}`)))
  }

  watch(path: string): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#onReady = resolve
    })
    this.#send({ kind: 'watch', path })
    return Promise.race([ready, this.#ended.promise])
  }

  change(command: Omit<Extract<ProbeCommand, { kind: 'change' }>, 'kind'>): Promise<Change> {
    const changed = new Promise<Change>((resolve) => {
      this.#onChanged = resolve
    })
    this.#send({ kind: 'change', ...command })
    return Promise.race([changed, this.#ended.promise])
  }

  /** When the bare watch told of it. */
  async eventAt(resourceVersion: string): Promise<number> {
    for (;;) {
      const at = this.#events.get(resourceVersion)
      if (at !== undefined) return at
      const next = new Promise<void>((resolve) => {
        this.#onEvent = resolve
      })
      await Promise.race([next, this.#ended.promise])
    }
  }

  close(): void {
    this.#child.stdin?.end()
  }

  #send(command: ProbeCommand): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
  }

  #read(line: ProbeLine): void {
    switch (line.kind) {
      case 'ready':
        return this.#onReady()
      case 'changed':
        return this.#onChanged(line.change)
      case 'event':
        this.#events.set(line.resourceVersion, line.at)
        return this.#onEvent()
      default:
        return line satisfies never
    }
  }
}
