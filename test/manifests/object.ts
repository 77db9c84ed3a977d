export type Fields = Readonly<Record<string, unknown>>

/** Any object of any kind, before it is known to be a right one. */
export type KubernetesObject = Fields & {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Fields & { readonly name: string }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Throws on what has no apiVersion, kind and metadata.name. */
export function asObject(value: unknown): KubernetesObject {
  if (!isKubernetesObject(value)) throw new Error(`not a Kubernetes object: ${JSON.stringify(value)}`)
  return value
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  if (!isFields(value) || typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') return false
  return isFields(value['metadata']) && typeof value['metadata']['name'] === 'string'
}

export function nameOf(object: KubernetesObject): string {
  const namespace = object.metadata['namespace']
  return `${object.kind} ${typeof namespace === 'string' ? `${namespace}/` : ''}${object.metadata.name}`
}

/** The value at `spec.ports.0.name`, or undefined where the way ends. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) => (isFields(inner) || Array.isArray(inner) ? Reflect.get(inner, key) : undefined),
      value,
    )
}

/** The object there; one without fields where there is none. */
export function fieldsAt(value: unknown, path: string): Fields {
  const found = at(value, path)
  return isFields(found) ? found : {}
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
