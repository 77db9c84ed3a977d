import type { TablePatch } from '../router/diff.ts'
import type { Carrier, NamedReport } from './carrier.ts'
import { DataPlane, type DataPlaneOptions } from './data-plane.ts'
import type { BoundPorts, ListenOptions } from './listeners.ts'

/** `--workers 0`: control plane and traffic in one process. For development, tests and small machines. */
export class LocalCarrier implements Carrier {
  readonly #dataPlane: DataPlane

  constructor(options: DataPlaneOptions) {
    this.#dataPlane = new DataPlane(options)
  }

  start(first: readonly TablePatch[], listen: ListenOptions): Promise<BoundPorts> {
    first.forEach((patch, index) => {
      this.#dataPlane.apply(patch, index === first.length - 1)
    })
    return this.#dataPlane.listen(listen)
  }

  update(patch: TablePatch): void {
    this.#dataPlane.apply(patch, true)
  }

  reports(): Promise<readonly NamedReport[]> {
    return Promise.resolve([{ process: 'primary', report: this.#dataPlane.report() }])
  }

  processes(): readonly string[] {
    return ['primary']
  }

  readonly workers = { alive: 0, restarts: 0 }

  announceEnd(): void {
    this.#dataPlane.announceEnd()
  }

  drain(deadlineMs: number): Promise<void> {
    return this.#dataPlane.drain(deadlineMs)
  }
}
