export type ApiObject = {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

export type StoreEvent = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly plural: string
  readonly version: number
  readonly object: ApiObject
}

export type Selector = {
  readonly plural: string
  readonly namespace: string | undefined
  readonly fieldSelector: string | null
  readonly labelSelector: string | null
}

/** What etcd is to the API server: objects, one version for all of them, and the history since the last compaction. */
export class ApiStore {
  version = 1
  /** Watches from before this version get 410. */
  oldest = 1
  history: StoreEvent[] = []
  readonly #objects = new Map<string, ApiObject>()
  #uid = 0
  onEvent: (event: StoreEvent) => void = () => {}

  get(plural: string, namespace: string | undefined, name: string): ApiObject | undefined {
    return this.#objects.get(`${plural}/${namespace ?? ''}/${name}`)
  }

  put(plural: string, object: ApiObject): ApiObject {
    const { namespace, name } = object.metadata
    const key = `${plural}/${namespace ?? ''}/${name}`
    const old = this.#objects.get(key)
    this.version += 1
    const metadata = {
      uid: `uid-${old === undefined ? ++this.#uid : ''}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...object.metadata,
      ...(old !== undefined && { uid: old.metadata['uid'] }),
      resourceVersion: String(this.version),
    }
    const stored = { ...object, metadata }
    this.#objects.set(key, stored)
    this.#record({ type: old === undefined ? 'ADDED' : 'MODIFIED', plural, version: this.version, object: stored })
    return stored
  }

  delete(plural: string, namespace: string | undefined, name: string): void {
    const key = `${plural}/${namespace ?? ''}/${name}`
    const old = this.#objects.get(key)
    if (old === undefined) return
    this.#objects.delete(key)
    this.version += 1
    const object = { ...old, metadata: { ...old.metadata, resourceVersion: String(this.version) } }
    this.#record({ type: 'DELETED', plural, version: this.version, object })
  }

  list(selector: Selector): readonly ApiObject[] {
    return [...this.#objects]
      .filter(([key, object]) => key.startsWith(`${selector.plural}/`) && isSelected(object, selector))
      .map(([, object]) => object)
  }

  /** Forgets the history, as etcd does every five minutes. */
  compact(): void {
    this.history = []
    this.oldest = this.version
  }

  #record(event: StoreEvent): void {
    this.history.push(event)
    this.onEvent(event)
  }
}

export function isSelected(object: ApiObject, { namespace, fieldSelector, labelSelector }: Selector): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false
  const fields: Readonly<Record<string, unknown>> = { 'metadata.name': object.metadata.name, type: object['type'] }
  const labels = object.metadata.labels ?? {}
  return holds(fieldSelector, fields) && holds(labelSelector, labels)
}

function holds(selector: string | null, values: Readonly<Record<string, unknown>>): boolean {
  return (selector ?? '').split(',').every((term) => {
    const [name = '', value] = term.split('=')
    return term === '' || values[name] === value
  })
}

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result: Record<string, unknown> = isObject ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = mergePatch(result[name], value)
  }
  return result
}
