import type { Config } from '../config.ts'

/** One line each on standard error, whatever the log format: they are for whoever typed the command. */
export function reportMistakes(mistakes: readonly string[]): void {
  for (const mistake of mistakes) process.stderr.write(`headgate: ${mistake}\n`)
}

/** What to change so that the gateway can listen; undefined if the error is about something else. */
export function explainListenError(error: unknown, config: Config): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const port = 'port' in error && typeof error.port === 'number' ? error.port : undefined
  const address = 'address' in error && typeof error.address === 'string' ? error.address : ''
  const flag = flagOfPort(port, config)
  switch (error.code) {
    case 'EADDRINUSE':
      return `${flag}: port ${port} is taken by another program; choose another one, or 0 for any free one`
    case 'EACCES':
      return `${flag}: port ${port} may not be bound by this user; ports below 1024 need the capability NET_BIND_SERVICE`
    case 'EADDRNOTAVAIL':
      return `--bind: ${address} is no address of this machine`
    default:
      return undefined
  }
}

function flagOfPort(port: number | undefined, config: Config): string {
  if (port === config.httpPort) return '--http-port'
  if (port === config.httpsPort) return '--https-port'
  return '--admin-port'
}
