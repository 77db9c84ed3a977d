import { isDeepStrictEqual } from 'node:util'
import {
  type ClusterObject,
  type ConfigMap,
  type EndpointSlice,
  type Ingress,
  type IngressClass,
  type Kind,
  keyOf,
  type Namespace,
  type ObjectKey,
  type Secret,
  type Service,
} from './objects.ts'

/**
 * Everything we know of the cluster at one moment. The maps are never changed: a new state shares every map, and every
 * object, that did not change, so that whoever builds on it can tell by identity what did.
 */
export type ClusterState = {
  readonly ingresses: ReadonlyMap<ObjectKey, Ingress>
  readonly ingressClasses: ReadonlyMap<ObjectKey, IngressClass>
  readonly services: ReadonlyMap<ObjectKey, Service>
  readonly endpointSlices: ReadonlyMap<ObjectKey, EndpointSlice>
  readonly secrets: ReadonlyMap<ObjectKey, Secret>
  readonly configMaps: ReadonlyMap<ObjectKey, ConfigMap>
  readonly namespaces: ReadonlyMap<ObjectKey, Namespace>
}

export const emptyClusterState: ClusterState = {
  ingresses: new Map(),
  ingressClasses: new Map(),
  services: new Map(),
  endpointSlices: new Map(),
  secrets: new Map(),
  configMaps: new Map(),
  namespaces: new Map(),
}

/** Which map of the state holds which kind. */
export const mapOfKind = {
  Ingress: 'ingresses',
  IngressClass: 'ingressClasses',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
  Secret: 'secrets',
  ConfigMap: 'configMaps',
  Namespace: 'namespaces',
} as const satisfies Record<Kind, keyof ClusterState>

/** What happened to one object, whatever the source. `undefined` for an object that is gone. */
export type ObjectChange = { readonly kind: Kind; readonly key: ObjectKey; readonly object: ClusterObject | undefined }

/**
 * The state after these changes, in their order. An object that is equal to the one it replaces in all that we read keeps
 * the old one's identity, and a state in which nothing changed is returned as it is. Each map that does change is copied
 * once, so changes are best given in batches.
 */
export function applyChanges(state: ClusterState, changes: Iterable<ObjectChange>): ClusterState {
  const copies = new Map<keyof ClusterState, Map<ObjectKey, ClusterObject>>()
  for (const { kind, key, object } of changes) {
    const name = mapOfKind[kind]
    const map: ReadonlyMap<ObjectKey, ClusterObject> = copies.get(name) ?? state[name]
    const old = map.get(key)
    if (old === object || (old !== undefined && object !== undefined && isSameObject(old, object))) continue
    const copy = copies.get(name) ?? new Map(map)
    copies.set(name, copy)
    if (object === undefined) copy.delete(key)
    else copy.set(key, object)
  }
  return copies.size === 0 ? state : { ...state, ...Object.fromEntries(copies) }
}

/** Changes that lead from this state to one that holds exactly these objects. */
export function diffObjects(state: ClusterState, objects: Iterable<ClusterObject>): readonly ObjectChange[] {
  const changes: ObjectChange[] = []
  const seen = new Set<string>()
  for (const object of objects) {
    const key = keyOf(object)
    seen.add(`${object.kind} ${key}`)
    changes.push({ kind: object.kind, key, object })
  }
  for (const map of Object.values<ReadonlyMap<ObjectKey, ClusterObject>>(state)) {
    for (const [key, { kind }] of map) {
      if (!seen.has(`${kind} ${key}`)) changes.push({ kind, key, object: undefined })
    }
  }
  return changes
}

/** Equal in all that we read. The resourceVersion does not count: it grows with each write, also of what we leave out. */
export function isSameObject(a: ClusterObject, b: ClusterObject): boolean {
  return isDeepStrictEqual(withoutVersion(a), withoutVersion(b))
}

function withoutVersion(object: ClusterObject): object {
  const { resourceVersion: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
