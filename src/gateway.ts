import { setTimeout as sleep } from 'node:timers/promises'
import { type AdminServer, startAdminServer } from './admin/admin-server.ts'
import { createMetrics } from './admin/metrics.ts'
import type { Pages } from './admin/pages.ts'
import type { Config } from './config.ts'
import { Controller } from './controller.ts'
import type { Logger } from './log.ts'
import { openObjectSource } from './object-source.ts'
import type { Carrier } from './proxy/carrier.ts'
import { LocalCarrier } from './proxy/local-carrier.ts'
import { Workers } from './proxy/workers.ts'
import type { BuildOptions } from './router/build-input.ts'
import { chunkPatch, diffTables, type TablePatch } from './router/diff.ts'
import { formatTable, tableToJson } from './router/format.ts'
import { createSecretFinder } from './router/wanted-secrets.ts'
import { Telemetry } from './telemetry.ts'
import { CertificateStore } from './tls/certificate-store.ts'
import { generateCertificate } from './tls/default-certificate.ts'
import { ExternalNames } from './watch/external-names.ts'

export type Gateway = {
  readonly ports: {
    readonly http: number | undefined
    readonly https: number | undefined
    readonly admin: number | undefined
  }
  /** Takes itself out of service, lets clients leave, ends what is left at the deadline. */
  stop(): Promise<void>
}

/** A worker gets a large table in pieces of this many entries, so that no message holds up its event loop. */
const patchEntries = 2_000

/**
 * Starts the parts in order: admin listener, source, first table, traffic. Resolves when traffic is served.
 * @throws KubeconfigError; the error of `listen`, with `code` and `port`, when a port cannot be had.
 */
export async function startGateway(config: Config, log: Logger): Promise<Gateway> {
  const ending = new AbortController()
  const readiness = { ready: false, reason: 'waiting for the first full list of every kind' }
  const names = new ExternalNames({
    logger: log,
    onChange: (addresses) => controller.onExternalAddresses(addresses),
  })

  const firstTable = Promise.withResolvers<void>()
  let started = false
  const build = await buildOptions(config, log)
  const findSecrets = createSecretFinder(build)
  const controller = new Controller({
    build,
    findSecrets,
    certificates: new CertificateStore(),
    log,
    onTable: (patch) => {
      if (started) carrier.update(patch)
      else firstTable.resolve()
    },
    onBuild: (build, problems, state) => {
      names.setNames(build.externalNames)
      source.onBuild(build, problems, state)
    },
  })
  const source = openObjectSource(config, findSecrets, log, {
    onState: (state, problems) => controller.onState(state, problems),
    onConnection: ({ connected }) => log.info({ connected }, 'connection to the source of objects'),
  })

  const wholeTable = (): readonly TablePatch[] => {
    const { table } = controller.status
    return table === undefined ? [] : chunkPatch(diffTables(undefined, table), patchEntries)
  }
  const carrier = openCarrier(config, log, wholeTable, () => {
    log.error({}, 'workers keep dying: giving up')
    process.exit(1)
  })
  const telemetry = new Telemetry({
    carrier,
    controller,
    connection: () => source.connection(),
    isReady: () => readiness.ready,
  })
  const admin = await openAdmin(config, log, {
    readiness: () => readiness,
    metrics: createMetrics({ read: () => telemetry.read() }),
    routes: (format) => routesPage(controller, format),
  })

  const watching = Promise.all([source.start(ending.signal), names.start(ending.signal)])
  // A bug, not a fault of the cluster: those are tried again for ever. Without its source the table would grow stale unseen.
  watching.catch((error: unknown) => {
    log.error({ error }, 'the source of objects ended')
    process.exit(1)
  })
  await firstTable.promise
  started = true
  const ports = await carrier.start(wholeTable(), config)
  readiness.ready = true
  readiness.reason = 'serving'

  return {
    ports: { ...ports, admin: admin?.port },
    async stop() {
      readiness.ready = false
      readiness.reason = 'draining'
      carrier.announceEnd()
      await sleep(config.lameDuckSeconds * 1000)
      await carrier.drain(config.drainSeconds * 1000)
      ending.abort()
      await watching
      telemetry.close()
      await admin?.close()
    },
  }
}

async function openAdmin({ adminPort, bind }: Config, log: Logger, pages: Pages): Promise<AdminServer | undefined> {
  if (adminPort === undefined) return undefined
  return startAdminServer({
    port: adminPort,
    bind,
    pages,
    onError: (error, path) => log.error({ error, path }, 'admin page failed'),
  })
}

function openCarrier(
  config: Config,
  log: Logger,
  wholeTable: () => readonly TablePatch[],
  onCrashLoop: () => void,
): Carrier {
  if (config.workers === 0) return new LocalCarrier({ log, options: config.proxy })
  const setup = { logLevel: config.logLevel, logFormat: config.logFormat, proxy: config.proxy }
  return new Workers({ count: config.workers, log, setup, wholeTable, onCrashLoop })
}

async function buildOptions(config: Config, log: Logger): Promise<BuildOptions> {
  if (config.defaultCertificate === undefined) {
    log.info({}, 'no default certificate was given: a self-signed one was generated')
  }
  return { ...config, generatedCertificate: await generateCertificate() }
}

function routesPage(controller: Controller, format: 'text' | 'json'): string {
  const { table, problems } = controller.status
  if (table === undefined) return format === 'json' ? '{}' : 'no table yet\n'
  return format === 'json' ? JSON.stringify(tableToJson(table, problems), undefined, 2) : formatTable(table, problems)
}
