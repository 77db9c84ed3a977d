import { defaultHttp2Settings, type Http2Settings } from './http2-settings.ts'
import { defaultIdentitySettings, type IdentitySettings } from './identity-settings.ts'

// The routing table: plain readonly data without functions, so that it can be printed, compared and posted to a worker.
// State (pools, counters, balancer positions) lives in the proxy, by endpoint address or id, and outlives the table.

export type RoutingTable = {
  /** Grows by one with each table that differs from the one before. */
  readonly generation: number
  readonly listeners: ReadonlyMap<ListenerId, Listener>
  readonly backends: ReadonlyMap<BackendId, Backend>
  /** By server name: `shop.example.com`, `*.example.com`; the default certificate under the empty name. */
  readonly certificates: ReadonlyMap<string, Certificate>
  /** What holds for every route: flags and the ConfigMap of `--configmap`. */
  readonly settings: Settings
}

export type Settings = Http2Settings &
  IdentitySettings & {
    /** Milliseconds to open a connection to an endpoint. */
    readonly connectTimeoutMs: number
    /** Milliseconds for the response head to come, and between two reads of its body. */
    readonly readTimeoutMs: number
    /** Milliseconds between two reads of a request body. */
    readonly sendTimeoutMs: number
    /** Bytes of a request body; 0: no limit. */
    readonly maxBodyBytes: number
    /** Milliseconds that an idle keep-alive connection of a client stays open. */
    readonly keepAliveMs: number
  }

export const defaultSettings: Settings = {
  connectTimeoutMs: 5_000,
  readTimeoutMs: 60_000,
  sendTimeoutMs: 60_000,
  maxBodyBytes: 0,
  keepAliveMs: 75_000,
  ...defaultHttp2Settings,
  ...defaultIdentitySettings,
}

/** Ingress uses two, `http` and `https`; Gateway API will add and remove them at run time. */
export type ListenerId = string

export type Listener = {
  readonly id: ListenerId
  readonly protocol: 'http' | 'https'
  /** Listeners that serve the same hosts share this object. */
  readonly hosts: HostTable
}

/** Most specific first: exact, then wildcard, then the rest. One host is chosen; there is no way back to another. */
export type HostTable = {
  readonly exact: ReadonlyMap<string, Host>
  readonly oneLabel: WildcardIndex
  /** `*.example.com` over any number of labels (Gateway API). Empty for Ingress. */
  readonly anyLabel: WildcardIndex
  /** Rules without a host. */
  readonly rest: Host | undefined
}

/**
 * Wildcard hosts by the hash of what stands behind the `*.` (see `suffixHash`): a look-up by number allocates nothing,
 * where cutting the name at its first dot would make a string for every request.
 */
export type WildcardIndex = ReadonlyMap<number, readonly Host[]>

export type Host = {
  /** As a user writes it: `shop.example.com`, `*.example.com`, or `*` for rules without a host. */
  readonly name: string
  /** By the whole path, in match form (see normalise-path.ts). */
  readonly exact: ReadonlyMap<string, PathEntry>
  /** Sorted by `path` in code unit order, for binary search. */
  readonly prefixes: readonly PrefixEntry[]
  /** Where a request goes that matches no path of this host; `undefined`: nowhere, 404. */
  readonly fallback: PathEntry | undefined
}

export type PathEntry = {
  /** In match form. A prefix carries no trailing slash: `/` is the empty string. */
  readonly path: string
  /** In order of precedence. Plain Ingress has one, without a condition. */
  readonly candidates: readonly Candidate[]
}

export type PrefixEntry = PathEntry & {
  /** Index of the longest other entry whose path this one's path begins with, as text; -1 for none. */
  readonly parent: number
}

export type Candidate = {
  readonly route: Route
  /** All must hold. `undefined`: always taken. */
  readonly condition: Condition | undefined
}

export type Condition = {
  readonly methods: readonly string[] | undefined
  readonly headers: readonly NamedCondition[]
  readonly query: readonly NamedCondition[]
  readonly cookies: readonly NamedCondition[]
}

/** Header names in lower case. */
export type NamedCondition = { readonly name: string; readonly value: string }

export type RouteId = string

export type Route = {
  /** Names the place in the object, so it stays the same while the rule does: `Ingress/shop/web/spec.rules[0].http.paths[1]`. */
  readonly id: RouteId
  readonly origin: RouteOrigin
  /** Host and path as the user wrote them; labels and explanations show these. */
  readonly host: string
  readonly path: string
  readonly pathType: PathType
  readonly action: Action
}

export type PathType = 'Exact' | 'Prefix' | 'ImplementationSpecific' | 'Default'

type RouteOrigin = {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** The rule's place: `spec.rules[0].http.paths[1]`, `spec.defaultBackend`. */
  readonly field: string
}

export type Action =
  | { readonly kind: 'forward'; readonly backends: readonly WeightedBackend[] }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  | { readonly kind: 'respond'; readonly status: number }

/** Shares are relative to the sum; a weight of 0 gets no request. */
export type WeightedBackend = { readonly backend: BackendId; readonly weight: number }

/** `namespace/service:port` with the port as the object names it. */
export type BackendId = string

export type Backend = {
  readonly id: BackendId
  /** For labels and explanations. */
  readonly namespace: string
  readonly service: string
  readonly port: string
  readonly protocol: UpstreamProtocol
  /** In a fixed order, without duplicates: balancing depends on it. Empty: answered with 503. */
  readonly endpoints: readonly Endpoint[]
  /** Why there are no endpoints: shown in explanations, metrics and logs. */
  readonly state: BackendState
}

/** `h2c`: HTTP/2 without TLS, from the first byte. */
export type UpstreamProtocol = 'http' | 'h2c'

export type BackendState = 'ok' | 'service-not-found' | 'port-not-found' | 'no-ready-endpoints' | 'unsupported'

export type Endpoint = {
  /** `10.0.0.1:8080`, `[2001:db8::1]:8080`: the key of pools and counters. */
  readonly id: EndpointId
  readonly address: string
  readonly port: number
  readonly zone: string | undefined
}

export type EndpointId = string

export type Certificate = {
  /** `namespace/name@hash` of the content: the same id means the same bytes, so contexts can be kept. */
  readonly id: string
  /** Leaf first, then the chain, in PEM. */
  readonly certPem: string
  readonly keyPem: string
  /** DNS names of the leaf's subjectAltName, lower case. */
  readonly names: readonly string[]
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** `namespace/name` of the Secret, or `(generated)`. */
  readonly source: string
}

/** What a lane can tell about a request. A lane computes `header` and `query` only when a condition asks. */
export interface Question {
  readonly listener: ListenerId
  /** Lower case, without port and trailing dot. */
  readonly host: string
  /** In match form. */
  readonly path: string
  readonly method: string
  header(name: string): string | undefined
  query(name: string): string | undefined
  cookie(name: string): string | undefined
}
