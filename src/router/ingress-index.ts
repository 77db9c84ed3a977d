import type { Problem } from '../problem.ts'
import { type ClusterState, emptyClusterState } from '../watch/cluster-state.ts'
import type { Ingress, ObjectKey } from '../watch/objects.ts'
import type { BuildOptions } from './build-input.ts'
import { createOwner, type Owner } from './classes.ts'
import { type IngressPart, readIngress } from './ingress.ts'
import { forEachChange } from './map-changes.ts'

/** `undefined` where the Ingress was not, or is no longer, ours. */
export type PartChange = { readonly before: IngressPart | undefined; readonly after: IngressPart | undefined }

/** The Ingresses that are ours, and what each asks for. */
export class IngressIndex {
  readonly problems = new Map<ObjectKey, readonly Problem[]>()
  readonly #options: BuildOptions
  readonly #owner: Owner
  readonly #parts = new Map<ObjectKey, IngressPart>()
  #state: ClusterState = emptyClusterState
  #keys: readonly ObjectKey[] = []

  constructor(options: BuildOptions) {
    this.#options = options
    this.#owner = createOwner(options)
  }

  /** Sorted; the same list as long as it holds the same. */
  get keys(): readonly ObjectKey[] {
    return this.#keys
  }

  update(state: ClusterState): readonly PartChange[] {
    const before = this.#state
    this.#state = state
    const changes: PartChange[] = []
    forEachChange(before.ingresses, state.ingresses, (key, _old, ingress) => this.#renew(key, ingress, changes))
    if (before.ingressClasses !== state.ingressClasses || before.namespaces !== state.namespaces) {
      for (const [key, ingress] of state.ingresses) {
        if (before.ingresses.get(key) === ingress) this.#review(key, ingress, changes)
      }
    }
    const isSameKeys = changes.every((change) => change.before !== undefined && change.after !== undefined)
    if (!isSameKeys) this.#keys = [...this.#parts.keys()].sort()
    return changes
  }

  #renew(key: ObjectKey, ingress: Ingress | undefined, changes: PartChange[]): void {
    const before = this.#parts.get(key)
    const after = ingress && this.#read(key, ingress)
    if (after === undefined) this.#parts.delete(key)
    else this.#parts.set(key, after)
    if (ingress === undefined) this.problems.delete(key)
    if (before !== after) changes.push({ before, after })
  }

  /** Its class or namespace may have changed, while it is itself the same. */
  #review(key: ObjectKey, ingress: Ingress, changes: PartChange[]): void {
    const isOurs = this.#owner(ingress, this.#state) === 'ours'
    if (!isOurs || !this.#parts.has(key)) this.#renew(key, ingress, changes)
  }

  #read(key: ObjectKey, ingress: Ingress): IngressPart | undefined {
    const ownership = this.#owner(ingress, this.#state)
    const part = ownership === 'ours' ? readIngress(ingress, this.#options) : undefined
    const problems = typeof ownership === 'string' ? (part?.problems ?? []) : [ownership]
    if (problems.length > 0) this.problems.set(key, problems)
    else this.problems.delete(key)
    return part
  }
}
