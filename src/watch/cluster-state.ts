import type {
  ClusterObject,
  ConfigMap,
  EndpointSlice,
  Ingress,
  IngressClass,
  Kind,
  Namespace,
  ObjectKey,
  Secret,
  Service,
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
