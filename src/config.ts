import { availableCores } from './config/cores.ts'
import { flags } from './config/flags.ts'
import { type Environment, type GivenFlags, readArguments, readEnvironment } from './config/given.ts'
import { createReader, type Reader } from './config/reader.ts'
import type { PublishedNodeAddresses, ServiceRef } from './config/values.ts'
import type { LogFormat, LogLevel } from './log.ts'
import type { ProxyOptions } from './proxy/proxy-options.ts'

export type Config = {
  readonly source: Source
  /** undefined: not listened on. 0: any free port. */
  readonly httpPort: number | undefined
  readonly httpsPort: number | undefined
  readonly adminPort: number | undefined
  /** IP addresses. `::` alone takes IPv4 as well. */
  readonly bind: readonly string[]
  /** 0: traffic is carried by this process. */
  readonly workers: number
  readonly ingressClass: string
  readonly controllerClasses: readonly string[]
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  readonly watchNamespaceSelector: string | undefined
  readonly watchIngressWithoutClass: boolean
  readonly ingressClassByName: boolean
  readonly defaultBackendService: ServiceRef | undefined
  /** `namespace/name`, as all references to one object here. */
  readonly defaultCertificate: string | undefined
  readonly secrets: 'watch' | 'by-name'
  /** At least 1. */
  readonly secretRefreshSeconds: number
  readonly disableCatchAll: boolean
  readonly disableExternalName: boolean
  /** No flag: whoever writes the files on this machine may point at it, whoever writes to a cluster may not. */
  readonly allowLocalAddresses: boolean
  readonly configMap: string | undefined
  readonly publishService: string | undefined
  readonly publishStatusAddresses: readonly string[]
  readonly publishNodeAddresses: PublishedNodeAddresses
  readonly updateStatus: boolean
  readonly updateStatusOnShutdown: boolean
  readonly electionId: string
  /** undefined: the namespace that the credentials name. */
  readonly electionNamespace: string | undefined
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly proxy: ProxyOptions
  readonly drainSeconds: number
  readonly lameDuckSeconds: number
}

type Source =
  | { readonly kind: 'manifests'; readonly paths: readonly string[] }
  /** undefined: KUBECONFIG, ~/.kube/config or the service account. */
  | { readonly kind: 'cluster'; readonly kubeconfig: string | undefined }

type ConfigResult = { readonly config: Config } | { readonly mistakes: readonly string[] }

/** Flags beat variables. Every mistake is found in one go, each one sentence that names its flag or variable. */
export function parseConfig(argv: readonly string[], env: Environment, cores = availableCores()): ConfigResult {
  const fromArguments = readArguments(argv)
  const fromEnvironment = readEnvironment(env)
  const given = new Map([...fromEnvironment.given, ...fromArguments.given])
  const reader = createReader(given)
  const config = buildConfig(reader, env, cores)
  const mistakes = [
    ...fromArguments.mistakes,
    ...fromEnvironment.mistakes,
    ...reader.mistakes,
    ...findExclusive(given),
    ...findMisfits(config, given),
    ...findPortMistakes(config, given, reader.failed),
  ]
  return mistakes.length === 0 ? { config } : { mistakes }
}

function buildConfig(reader: Reader, env: Environment, cores: number): Config {
  const { one, oneOrDefault, many, manyOrDefault } = reader
  const paths = many(flags.manifests)
  const isFolder = paths.length > 0
  const kubeconfig = one(flags.kubeconfig)
  return {
    source: isFolder ? { kind: 'manifests', paths } : { kind: 'cluster', kubeconfig },
    httpPort: oneOrDefault(flags.httpPort),
    httpsPort: oneOrDefault(flags.httpsPort),
    adminPort: oneOrDefault(flags.adminPort),
    bind: manyOrDefault(flags.bind),
    workers: one(flags.workers) ?? cores,
    ingressClass: oneOrDefault(flags.ingressClass),
    controllerClasses: manyOrDefault(flags.controllerClasses),
    watchNamespaces: many(flags.watchNamespaces),
    watchNamespaceSelector: one(flags.watchNamespaceSelector),
    watchIngressWithoutClass: one(flags.watchIngressWithoutClass) ?? isFolder,
    ingressClassByName: one(flags.ingressClassByName) ?? isFolder,
    defaultBackendService: one(flags.defaultBackendService),
    defaultCertificate: one(flags.defaultCertificate),
    secrets: oneOrDefault(flags.secrets),
    secretRefreshSeconds: oneOrDefault(flags.secretRefreshSeconds),
    disableCatchAll: oneOrDefault(flags.disableCatchAll),
    disableExternalName: oneOrDefault(flags.disableExternalName),
    allowLocalAddresses: isFolder,
    configMap: one(flags.configMap),
    publishService: one(flags.publishService),
    publishStatusAddresses: many(flags.publishStatusAddresses),
    publishNodeAddresses: oneOrDefault(flags.publishNodeAddresses),
    updateStatus: one(flags.updateStatus) ?? !isFolder,
    updateStatusOnShutdown: oneOrDefault(flags.updateStatusOnShutdown),
    electionId: oneOrDefault(flags.electionId),
    electionNamespace: one(flags.electionNamespace) ?? (env['POD_NAMESPACE'] || undefined),
    logLevel: oneOrDefault(flags.logLevel),
    logFormat: oneOrDefault(flags.logFormat),
    proxy: {
      accessLog: oneOrDefault(flags.accessLog),
      accessLogFields: many(flags.accessLogFields),
      fastLane: oneOrDefault(flags.fastLane),
      http2: oneOrDefault(flags.http2),
      h2c: oneOrDefault(flags.h2c),
      leanUpstream: oneOrDefault(flags.leanUpstream),
    },
    drainSeconds: oneOrDefault(flags.drainSeconds),
    // A cluster's load balancers learn late that a pod is going; in front of a folder there is none.
    lameDuckSeconds: one(flags.lameDuckSeconds) ?? (isFolder ? 0 : 10),
  }
}

const exclusive = [
  [flags.manifests, flags.kubeconfig, 'objects come from one place'],
  [flags.watchNamespaces, flags.watchNamespaceSelector, 'namespaces are chosen in one way'],
  [flags.publishService, flags.publishStatusAddresses, 'addresses come from one place'],
] as const

function findExclusive(given: GivenFlags): readonly string[] {
  return exclusive.flatMap(([a, b, why]) => {
    const first = given.get(a.name)
    const second = given.get(b.name)
    return first && second ? [`${first.origin} and ${second.origin} exclude each other: ${why}`] : []
  })
}

function findMisfits(config: Config, given: GivenFlags): readonly string[] {
  const isFolder = config.source.kind === 'manifests'
  const isNamed = given.has(flags.publishService.name)
  const isRefreshed = given.has(flags.secretRefreshSeconds.name)
  const needsCluster = 'needs a cluster: of files all are read'
  const needsByName = 'needs --secrets=by-name: what is watched need not be read again'
  const needsStatus = 'needs a cluster: files have no status to write'
  const needsJson = 'needs --access-log=json: the other formats have fields of their own'
  const hasFields = config.proxy.accessLogFields.length > 0
  const needsService = 'needs --publish-service: the nodes are those of its endpoints'
  const misfits = [
    { flag: flags.updateStatus, misfits: isFolder && config.updateStatus, why: needsStatus },
    { flag: flags.updateStatusOnShutdown, misfits: isFolder && config.updateStatusOnShutdown, why: needsStatus },
    { flag: flags.publishNodeAddresses, misfits: !isNamed && config.publishNodeAddresses !== 'off', why: needsService },
    { flag: flags.accessLogFields, misfits: hasFields && config.proxy.accessLog !== 'json', why: needsJson },
    { flag: flags.secrets, misfits: isFolder && config.secrets === 'by-name', why: needsCluster },
    { flag: flags.secretRefreshSeconds, misfits: isRefreshed && config.secrets === 'watch', why: needsByName },
  ]
  return misfits.flatMap(({ flag, misfits, why }) => (misfits ? [`${given.get(flag.name)?.origin} ${why}`] : []))
}

function findPortMistakes(config: Config, given: GivenFlags, failed: ReadonlySet<string>): readonly string[] {
  const ports = [
    { name: flags.httpPort.name, port: config.httpPort },
    { name: flags.httpsPort.name, port: config.httpsPort },
    { name: flags.adminPort.name, port: config.adminPort },
  ].filter(({ name }) => !failed.has(name))
  const mistakes: string[] = []
  for (const [index, { name, port }] of ports.entries()) {
    const same = ports.slice(index + 1).filter((other) => other.port === port)
    if (port === undefined || port === 0) continue
    for (const other of same) mistakes.push(`${originOf(name)} and ${originOf(other.name)} are both ${port}`)
  }
  if (config.httpPort === undefined && config.httpsPort === undefined && ports.length === 3) {
    mistakes.push('--http-port and --https-port are both off: there is nothing to serve')
  }
  return mistakes

  function originOf(name: string): string {
    return given.get(name)?.origin ?? `--${name}`
  }
}
