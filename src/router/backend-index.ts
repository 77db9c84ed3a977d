import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../problem.ts'
import { type ClusterState, emptyClusterState } from '../watch/cluster-state.ts'
import type { EndpointSlice, ObjectKey } from '../watch/objects.ts'
import { type BackendReference, serviceKeyOf } from './backend-reference.ts'
import { backendProblem, type ExternalNamePolicy, resolveBackend } from './backends.ts'
import type { BuildInput } from './build-input.ts'
import { externalNameOf } from './external-name.ts'
import type { PartChange } from './ingress-index.ts'
import { forEachChange } from './map-changes.ts'
import { MultiMap } from './multi-map.ts'
import type { Backend, BackendId } from './table.ts'

const serviceLabel = 'kubernetes.io/service-name'

/** Backends of the last table; only those whose references, Service, slices or external addresses changed are resolved again. */
export class BackendIndex {
  readonly problems = new Map<BackendId, readonly Problem[]>()
  readonly #policy: ExternalNamePolicy
  readonly #references = new MultiMap<BackendId, BackendReference>()
  readonly #byService = new MultiMap<ObjectKey, BackendId>()
  readonly #slices = new MultiMap<ObjectKey, EndpointSlice>()
  readonly #external = new MultiMap<string, BackendId>()
  readonly #externalOf = new Map<BackendId, string>()
  readonly #first: BackendReference | undefined
  #state: ClusterState = emptyClusterState
  #addresses: BuildInput['externalAddresses'] = new Map()
  #backends: ReadonlyMap<BackendId, Backend> = new Map()
  #externalNames: readonly string[] = []

  /** `always`: referenced by a flag, so by no Ingress. */
  constructor(policy: ExternalNamePolicy, always: BackendReference | undefined) {
    this.#policy = policy
    this.#first = always
    if (always !== undefined) this.#refer(always)
  }

  /** Sorted; the same list as long as it holds the same. */
  get externalNames(): readonly string[] {
    return this.#externalNames
  }

  /** The same map as last time as long as it holds the same. */
  update(changes: readonly PartChange[], { state, externalAddresses }: BuildInput): ReadonlyMap<BackendId, Backend> {
    const stale = new Set<BackendId>()
    if (this.#first !== undefined && !this.#backends.has(this.#first.id)) stale.add(this.#first.id)
    this.#takeReferences(changes, stale)
    this.#takeObjects(state, stale)
    forEachChange(this.#addresses, externalAddresses, (name) => {
      for (const id of this.#external.get(name) ?? []) stale.add(id)
    })
    this.#addresses = externalAddresses
    if (stale.size > 0) this.#backends = this.#renew(stale)
    return this.#backends
  }

  #takeReferences(changes: readonly PartChange[], stale: Set<BackendId>): void {
    for (const { before, after } of changes) {
      for (const reference of before?.references ?? []) {
        this.#references.delete(reference.id, reference)
        stale.add(reference.id)
      }
      for (const reference of after?.references ?? []) {
        this.#refer(reference)
        stale.add(reference.id)
      }
    }
  }

  #refer(reference: BackendReference): void {
    this.#references.add(reference.id, reference)
    this.#byService.add(serviceKeyOf(reference), reference.id)
  }

  #takeObjects(state: ClusterState, stale: Set<BackendId>): void {
    const touch = (service: ObjectKey) => {
      for (const id of this.#byService.get(service) ?? []) stale.add(id)
    }
    forEachChange(this.#state.services, state.services, touch)
    forEachChange(this.#state.endpointSlices, state.endpointSlices, (_key, before, after) => {
      const from = before && serviceOf(before)
      const to = after && serviceOf(after)
      if (before !== undefined && from !== undefined) this.#slices.delete(from, before)
      if (after !== undefined && to !== undefined) this.#slices.add(to, after)
      if (from !== undefined) touch(from)
      if (to !== undefined) touch(to)
    })
    this.#state = state
  }

  #renew(stale: ReadonlySet<BackendId>): ReadonlyMap<BackendId, Backend> {
    const copy = new Map(this.#backends)
    const externals = [...this.#externalOf.values()].length
    let isChanged = false
    let isExternalChanged = false
    for (const id of stale) {
      const before = copy.get(id)
      const name = this.#externalOf.get(id)
      const after = this.#resolve(id)
      isExternalChanged ||= name !== this.#externalOf.get(id)
      if (after === undefined) isChanged = copy.delete(id) || isChanged
      else if (before === undefined || !isDeepStrictEqual(before, after)) {
        copy.set(id, after)
        isChanged = true
      }
    }
    if (isExternalChanged || externals !== this.#externalOf.size) {
      this.#externalNames = [...new Set(this.#externalOf.values())].sort()
    }
    return isChanged ? copy : this.#backends
  }

  #resolve(id: BackendId): Backend | undefined {
    const references = this.#references.get(id)
    const [reference] = references ?? []
    this.problems.delete(id)
    if (references === undefined || reference === undefined) {
      this.#forget(id)
      return undefined
    }
    const key = serviceKeyOf(reference)
    const service = this.#state.services.get(key)
    this.#noteExternal(id, this.#policy.disableExternalName ? undefined : externalNameOf(service))
    const sources = { service, slices: this.#slices.get(key) ?? [], externalAddresses: this.#addresses }
    const { backend, complaint } = resolveBackend(reference, sources, this.#policy)
    if (complaint !== undefined) {
      this.problems.set(
        id,
        [...references].map((each) => backendProblem(each, complaint)),
      )
    }
    return backend
  }

  #noteExternal(id: BackendId, name: string | undefined): void {
    const before = this.#externalOf.get(id)
    if (before === name) return
    if (before !== undefined) this.#external.delete(before, id)
    if (name === undefined) this.#externalOf.delete(id)
    else {
      this.#externalOf.set(id, name)
      this.#external.add(name, id)
    }
  }

  #forget(id: BackendId): void {
    this.#noteExternal(id, undefined)
    // The id says which Service: a port never has a colon in it.
    this.#byService.delete(id.slice(0, id.lastIndexOf(':')), id)
  }
}

function serviceOf({ metadata }: EndpointSlice): ObjectKey | undefined {
  const name = metadata.labels?.[serviceLabel]
  return name === undefined ? undefined : `${metadata.namespace ?? 'default'}/${name}`
}
