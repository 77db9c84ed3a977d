import type { ClusterState } from '../watch/cluster-state.ts'
import type { ObjectKey } from '../watch/objects.ts'
import type { Certificate } from './table.ts'

export type BuildInput = {
  readonly state: ClusterState
  /** What tls/ made of the Secrets: the last good certificate of each, so a bad rotation takes nothing away. */
  readonly certificates: ReadonlyMap<ObjectKey, Certificate>
  /** Addresses of the names of ExternalName Services, as last resolved. */
  readonly externalAddresses: ReadonlyMap<string, readonly string[]>
}

export type BuildOptions = {
  /** Value of the old annotation `kubernetes.io/ingress.class` that is ours; also the class name for `ingressClassByName`. */
  readonly ingressClass: string
  /** `spec.controller` strings of the IngressClasses that are ours. */
  readonly controllerClasses: readonly string[]
  readonly watchIngressWithoutClass: boolean
  /** Take Ingresses whose `ingressClassName` is `ingressClass` even where no IngressClass of that name exists. */
  readonly ingressClassByName: boolean
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  /** Label selector on Namespace objects; undefined: all. */
  readonly watchNamespaceSelector: string | undefined
  readonly defaultBackendService:
    | { readonly namespace: string; readonly name: string; readonly port: string | undefined }
    | undefined
  /** Secret whose certificate serves names that no other fits. */
  readonly defaultCertificate: ObjectKey | undefined
  /** Serves when there is no other: generated at start. */
  readonly generatedCertificate: Certificate
  readonly disableCatchAll: boolean
  readonly disableExternalName: boolean
  /** Loopback and link-local addresses behind ExternalName: only where the objects are the operator's own files. */
  readonly allowLocalAddresses: boolean
  /** ConfigMap with the global settings. */
  readonly configMap: ObjectKey | undefined
}
