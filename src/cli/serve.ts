import { existsSync } from 'node:fs'
import type { Environment } from '../config/given.ts'
import { type Config, parseConfig } from '../config.ts'
import type { Gateway } from '../gateway.ts'
import { createLogger, logFatalErrors } from '../log.ts'
import { KubeconfigError } from '../watch/kubeconfig-error.ts'
import { saferNode } from './node-floor.ts'
import { explainListenError, reportMistakes } from './report.ts'
import { catchStopSignals } from './signals.ts'

/** Serves until a signal. Exit codes: 0 stopped as asked, 1 could not start, 2 wrong flags. */
export async function serve(argv: readonly string[], env: Environment): Promise<number> {
  const result = parseConfig(argv, env)
  const mistakes = 'mistakes' in result ? result.mistakes : findMissingFiles(result.config)
  if ('mistakes' in result || mistakes.length > 0) {
    reportMistakes(mistakes)
    return 2
  }
  return serveConfig(result.config)
}

function findMissingFiles({ source }: Config): readonly string[] {
  if (source.kind === 'manifests') {
    return source.paths.filter((path) => !existsSync(path)).map((path) => `--manifests: there is no ${path}`)
  }
  const { kubeconfig } = source
  return kubeconfig === undefined || existsSync(kubeconfig) ? [] : [`--kubeconfig: there is no ${kubeconfig}`]
}

async function serveConfig(config: Config): Promise<number> {
  const stop = catchStopSignals()
  const logger = createLogger({ level: config.logLevel, format: config.logFormat })
  logFatalErrors(logger)
  const safer = saferNode(process.version)
  if (safer !== undefined) logger.warn({ version: process.version, safer }, 'this Node.js has known vulnerabilities')
  const { startGateway } = await import('../gateway.ts')
  let gateway: Gateway | undefined
  try {
    // A cluster that does not answer can keep the start waiting for ever, and a stop must not wait with it.
    gateway = await Promise.race([startGateway(config, logger), stop.received.then(() => undefined)])
  } catch (error) {
    const explanation = error instanceof KubeconfigError ? error.message : explainListenError(error, config)
    if (explanation === undefined) throw error
    reportMistakes([explanation])
    return 1
  }
  if (gateway === undefined) return 0
  logger.info(gateway.ports, 'ready')
  process.stdout.write(`${formatReadyLine(gateway.ports)}\n`)
  const signal = await stop.received
  logger.info({ signal, lameDuckSeconds: config.lameDuckSeconds, drainSeconds: config.drainSeconds }, 'stopping')
  await gateway.stop()
  logger.info({}, 'stopped')
  return 0
}

/** `headgate ready http=8080 https=8443 admin=10254`, for programs to read; a listener that is off is left out. */
export function formatReadyLine(ports: Gateway['ports']): string {
  const parts = (['http', 'https', 'admin'] as const).flatMap((name) =>
    ports[name] === undefined ? [] : [`${name}=${ports[name]}`],
  )
  return ['headgate ready', ...parts].join(' ')
}
