// The Kubernetes fields that Headgate reads, and no others. Written by hand: the generated classes of the client library
// cost 80 MB to load, differ between list and watch, and say nothing about what we depend on.
// Optional fields are optional here because objects come from files as well as from an API server that has validated them.

/** `namespace/name`, or `name` for cluster-scoped kinds. */
export type ObjectKey = string

export type Metadata = {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  /** RFC 3339. Absent for objects from files. */
  readonly creationTimestamp?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/ */
export type Ingress = {
  readonly kind: 'Ingress'
  readonly metadata: Metadata
  readonly spec?: {
    readonly ingressClassName?: string
    readonly defaultBackend?: IngressBackend
    readonly rules?: readonly IngressRule[]
    readonly tls?: readonly IngressTls[]
  }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerAddress[] } }
}

type IngressRule = {
  readonly host?: string
  readonly http?: { readonly paths?: readonly IngressPath[] }
}

type IngressPath = {
  readonly path?: string
  readonly pathType?: string
  readonly backend?: IngressBackend
}

export type IngressBackend = {
  readonly service?: {
    readonly name: string
    readonly port?: { readonly name?: string; readonly number?: number }
  }
  readonly resource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string }
}

type IngressTls = { readonly hosts?: readonly string[]; readonly secretName?: string }

export type LoadBalancerAddress = { readonly ip?: string; readonly hostname?: string }

export type IngressClass = {
  readonly kind: 'IngressClass'
  readonly metadata: Metadata
  readonly spec?: { readonly controller?: string }
}

export type Service = {
  readonly kind: 'Service'
  readonly metadata: Metadata
  readonly spec?: {
    readonly type?: string
    readonly clusterIP?: string
    readonly clusterIPs?: readonly string[]
    readonly externalName?: string
    readonly externalIPs?: readonly string[]
    readonly publishNotReadyAddresses?: boolean
    readonly ports?: readonly ServicePort[]
  }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerAddress[] } }
}

export type ServicePort = {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
  readonly targetPort?: number | string
  readonly appProtocol?: string
}

/** https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
export type EndpointSlice = {
  readonly kind: 'EndpointSlice'
  /** The label `kubernetes.io/service-name` says whose endpoints these are. */
  readonly metadata: Metadata
  readonly addressType?: string
  readonly endpoints?: readonly SliceEndpoint[]
  /** null and absent both mean: no ports. */
  readonly ports?: readonly SlicePort[] | null
}

export type SliceEndpoint = {
  /** Only the first address has meaning. */
  readonly addresses?: readonly string[]
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean }
  readonly nodeName?: string
  readonly zone?: string
}

type SlicePort = {
  readonly name?: string
  readonly port?: number
  readonly protocol?: string
  readonly appProtocol?: string
}

export type Secret = {
  readonly kind: 'Secret'
  readonly metadata: Metadata
  readonly type?: string
  /** Values in base64, as the API gives them. `stringData` of a manifest is folded in here when it is read. */
  readonly data?: Readonly<Record<string, string>>
  /** We may not read it. What else is here is from when we might; no data: we never might. */
  readonly forbidden?: true
}

export type ConfigMap = {
  readonly kind: 'ConfigMap'
  readonly metadata: Metadata
  readonly data?: Readonly<Record<string, string>>
}

export type Namespace = { readonly kind: 'Namespace'; readonly metadata: Metadata }

export type ClusterObject = Ingress | IngressClass | Service | EndpointSlice | Secret | ConfigMap | Namespace

export type Kind = ClusterObject['kind']

export function keyOf(object: { readonly metadata: Metadata }): ObjectKey {
  const { namespace, name } = object.metadata
  return namespace === undefined ? name : `${namespace}/${name}`
}
