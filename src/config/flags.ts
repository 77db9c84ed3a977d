import { logFormats, logLevels } from '../log.ts'
import { type AccessLogField, accessLogFields, accessLogFormats } from '../proxy/proxy-options.ts'
import { closestName } from './closest.ts'
import {
  type Parsed,
  type Parser,
  parseBindAddress,
  parseBoolean,
  parseControllerClass,
  parseCount,
  parseNamespace,
  parseObjectKey,
  parseObjectName,
  parseOneOf,
  parsePath,
  parsePort,
  parsePublishedAddress,
  parseSelector,
  parseServiceRef,
  publishedNodeAddresses,
} from './values.ts'

/** One row: the command line, the environment, the help text and docs/reference/flags.md all come from it. */
export type Flag<T> = {
  /** Without the dashes. */
  readonly name: string
  /** What help calls the value; undefined for a flag that is on or off. */
  readonly placeholder: string | undefined
  readonly help: string
  /** As help and documentation print it. */
  readonly defaultText: string
  readonly parse: Parser<T>
  readonly repeatable: boolean
  /** Whether commas separate values on the command line too; in the environment they always do. */
  readonly splitsAtCommas: boolean
}

/** Only what differs from flag to flag; a default is written as its text, so that it is parsed like any other value. */
type Row<T> = {
  readonly placeholder: string
  readonly parse: Parser<T>
  readonly help: string
  readonly default?: string
}

function single<T>(name: string, row: Row<T>): Flag<T> {
  const { default: defaultText = 'none', ...rest } = row
  return { name, ...rest, defaultText, repeatable: false, splitsAtCommas: false }
}

function repeated<T>(name: string, row: Row<T>): Flag<T> {
  return { ...single(name, row), repeatable: true, splitsAtCommas: true }
}

function toggle(name: string, row: { readonly help: string; readonly default: string }): Flag<boolean> {
  return {
    name,
    placeholder: undefined,
    help: row.help,
    defaultText: row.default,
    parse: parseBoolean,
    repeatable: false,
    splitsAtCommas: false,
  }
}

function parseAccessLogField(text: string): Parsed<AccessLogField> {
  const value = accessLogFields.find((field) => field === text)
  if (value !== undefined) return { value }
  const meant = closestName(text, accessLogFields)
  return { expected: `a field of the access log${meant === undefined ? '' : `, did you mean ${meant}?`}` }
}

export const flags = {
  manifests: {
    ...repeated('manifests', {
      placeholder: 'PATH',
      parse: parsePath,
      help: 'Serve the objects of this folder or file (.yaml, .yml, .json) instead of a cluster; changes are live within a second.',
    }),
    splitsAtCommas: false,
  },
  kubeconfig: single('kubeconfig', {
    placeholder: 'FILE',
    parse: parsePath,
    default: 'KUBECONFIG, ~/.kube/config, or the service account',
    help: 'How to reach the cluster.',
  }),
  httpPort: single('http-port', {
    placeholder: 'PORT',
    parse: parsePort,
    default: '8080',
    help: 'Listen for HTTP here. 0 picks a free port, off does not listen.',
  }),
  httpsPort: single('https-port', {
    placeholder: 'PORT',
    parse: parsePort,
    default: '8443',
    help: 'Listen for HTTPS here. 0 picks a free port, off does not listen.',
  }),
  adminPort: single('admin-port', {
    placeholder: 'PORT',
    parse: parsePort,
    default: '10254',
    help: 'Serve /healthz, /readyz, /metrics and /routes here. 0 picks a free port, off does not listen.',
  }),
  bind: repeated('bind', {
    placeholder: 'ADDRESS',
    parse: parseBindAddress,
    default: '::',
    help: 'Listen on this address. :: alone takes IPv4 as well, and is 0.0.0.0 on a machine without IPv6.',
  }),
  workers: single('workers', {
    placeholder: 'N',
    parse: parseCount(1024, 'workers'),
    default: 'cores available to the container',
    help: 'Processes that carry traffic. 0 carries it in this process.',
  }),
  ingressClass: single('ingress-class', {
    placeholder: 'NAME',
    parse: parseObjectName,
    default: 'headgate',
    help: 'Value of the annotation kubernetes.io/ingress.class that is ours; also the name for --ingress-class-by-name.',
  }),
  controllerClasses: repeated('controller-class', {
    placeholder: 'NAME',
    parse: parseControllerClass,
    default: 'headgate.dev/ingress-controller',
    help: 'spec.controller of the IngressClasses that are ours. Adopt those of ingress-nginx with k8s.io/ingress-nginx.',
  }),
  watchNamespaces: repeated('watch-namespace', {
    placeholder: 'NAMESPACE',
    parse: parseNamespace,
    default: 'all',
    help: 'Serve objects of this namespace only.',
  }),
  watchNamespaceSelector: single('watch-namespace-selector', {
    placeholder: 'SELECTOR',
    parse: parseSelector,
    default: 'all',
    help: 'Serve objects of namespaces with these labels only.',
  }),
  watchIngressWithoutClass: toggle('watch-ingress-without-class', {
    default: 'true with --manifests, false with a cluster',
    help: 'Serve an Ingress that names no class. A folder has no admission plugin that would fill in the default class.',
  }),
  ingressClassByName: toggle('ingress-class-by-name', {
    default: 'true with --manifests, false with a cluster',
    help: 'Serve an Ingress whose class is called --ingress-class even where no IngressClass of that name exists.',
  }),
  defaultBackendService: single('default-backend-service', {
    placeholder: 'NS/NAME[:PORT]',
    parse: parseServiceRef,
    help: 'Service that answers requests no rule takes. Without a port, its first one.',
  }),
  defaultCertificate: single('default-ssl-certificate', {
    placeholder: 'NS/NAME',
    parse: parseObjectKey,
    default: 'generated at start',
    help: 'Secret whose certificate serves host names that have none.',
  }),
  secrets: single('secrets', {
    placeholder: 'HOW',
    parse: parseOneOf(['watch', 'by-name']),
    default: 'watch',
    help: 'How Secrets are read. watch: list and watch all of type kubernetes.io/tls. by-name: get those that our Ingresses name, and no others.',
  }),
  secretRefreshSeconds: single('secret-refresh-seconds', {
    placeholder: 'SECONDS',
    parse: parseCount(86_400, 'seconds', 1),
    default: '60',
    help: 'With --secrets=by-name each Secret is read again before it is this old.',
  }),
  disableCatchAll: toggle('disable-catch-all', {
    default: 'false',
    help: 'Leave out default backends and rules without a host.',
  }),
  disableExternalName: toggle('disable-svc-external-name', {
    default: 'false',
    help: 'Refuse Services of type ExternalName.',
  }),
  configMap: single('configmap', {
    placeholder: 'NS/NAME',
    parse: parseObjectKey,
    help: 'ConfigMap with the global settings.',
  }),
  publishService: single('publish-service', {
    placeholder: 'NS/NAME',
    parse: parseObjectKey,
    help: 'Write the addresses of this Service into the status of each Ingress.',
  }),
  publishStatusAddresses: repeated('publish-status-address', {
    placeholder: 'ADDRESS',
    parse: parsePublishedAddress,
    help: 'Write this address or host name into the status of each Ingress.',
  }),
  publishNodeAddresses: single('publish-node-addresses', {
    placeholder: 'TYPE',
    parse: parseOneOf(publishedNodeAddresses),
    default: 'off',
    help: 'Write the addresses of the nodes on which ready pods of --publish-service run, not those of the Service. external: ExternalIP, else InternalIP. internal: InternalIP. Needs the right to get nodes.',
  }),
  updateStatus: toggle('update-status', {
    default: 'true with a cluster, false with --manifests',
    help: 'Write Ingress status. Of several replicas only the leader does; Events about problems it records in any case.',
  }),
  updateStatusOnShutdown: toggle('update-status-on-shutdown', {
    default: 'false',
    help: 'When the last replica stops, take our addresses out of the status again. Leave it off where DNS follows the status.',
  }),
  electionId: single('election-id', {
    placeholder: 'NAME',
    parse: parseObjectName,
    default: 'headgate-leader',
    help: 'Name of the Lease by which replicas agree on a leader.',
  }),
  electionNamespace: single('election-namespace', {
    placeholder: 'NAMESPACE',
    parse: parseNamespace,
    default: 'POD_NAMESPACE',
    help: 'Namespace of that Lease.',
  }),
  logLevel: single('log-level', {
    placeholder: 'LEVEL',
    parse: parseOneOf(logLevels),
    default: 'info',
    help: `Least level to log: ${logLevels.join(', ')}.`,
  }),
  logFormat: single('log-format', {
    placeholder: 'FORMAT',
    parse: parseOneOf(logFormats),
    default: 'json',
    help: 'json: one object a line. text: for people.',
  }),
  accessLog: single('access-log', {
    placeholder: 'FORMAT',
    parse: parseOneOf(accessLogFormats),
    default: 'off',
    help: 'One line for each request, on standard output. json: an object. combined: as of Apache and nginx. ingress-nginx: as its default. off: none.',
  }),
  accessLogFields: repeated('access-log-fields', {
    placeholder: 'FIELD',
    parse: parseAccessLogField,
    default: 'all',
    help: 'Fields of a line of --access-log=json, in this order. See access-log.md.',
  }),
  fastLane: toggle('fast-lane', {
    default: 'true',
    help: "Carry plain HTTP/1.1 requests by the cheaper of two parsers. false: Node's own parser takes all.",
  }),
  http2: toggle('http2', {
    default: 'true',
    help: 'Offer HTTP/2 to clients that come by TLS.',
  }),
  h2c: toggle('h2c', {
    default: 'false',
    help: 'Take HTTP/2 on the plain port too, from clients that begin with it (prior knowledge).',
  }),
  leanUpstream: toggle('lean-upstream', {
    default: 'true',
    help: 'Reach endpoints by the cheaper of two HTTP/1.1 clients. false: undici takes all.',
  }),
  drainSeconds: single('drain-seconds', {
    placeholder: 'SECONDS',
    parse: parseCount(86_400, 'seconds'),
    default: '240',
    help: 'How long requests in flight may take to finish after the lame duck phase of a stop.',
  }),
  lameDuckSeconds: single('lame-duck-seconds', {
    placeholder: 'SECONDS',
    parse: parseCount(86_400, 'seconds'),
    default: '10 with a cluster, 0 with --manifests',
    help: 'How long a stopping gateway, no longer ready, still takes new connections while load balancers notice.',
  }),
} as const satisfies Record<string, Flag<unknown>>

export const flagList: readonly Flag<unknown>[] = Object.values(flags)

/** `http-port` is HEADGATE_HTTP_PORT. */
export function variableOf(flag: { readonly name: string }): string {
  return `HEADGATE_${flag.name.replaceAll('-', '_').toUpperCase()}`
}
