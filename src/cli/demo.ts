import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, parseConfig } from '../config.ts'
import { startDemoApps } from '../demo/apps.ts'
import { createDemoCertificate } from '../demo/certificate.ts'
import { buildDemoManifests } from '../demo/manifests.ts'
import { formatTour } from '../demo/tour.ts'
import { createLogger } from '../log.ts'
import { catchStopSignals } from './signals.ts'

const examplesFolder = fileURLToPath(new URL('../../examples/demo', import.meta.url))

/** Only this machine: the demo is nothing to show to a network. */
const address = '127.0.0.1'

/** Serves the examples until a signal. Leaves nothing behind: what it writes goes to a temporary folder. */
export async function runDemo(): Promise<number> {
  const stop = catchStopSignals()
  const folder = await mkdtemp(join(tmpdir(), 'headgate-demo-'))
  try {
    const apps = await startDemoApps()
    try {
      const certificate = createDemoCertificate(['secure.localhost'])
      const authorityFile = join(folder, 'authority.pem')
      await writeFile(authorityFile, certificate.authorityPem)
      await writeFile(join(folder, 'generated.json'), buildDemoManifests(apps.pods, certificate))
      await serveExamples(folder, authorityFile, stop.received)
    } finally {
      await apps.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return 0
}

async function serveExamples(folder: string, authorityFile: string, stopped: Promise<unknown>): Promise<void> {
  const { ports, notices } = await choosePorts()
  const { startGateway } = await import('../gateway.ts')
  const gateway = await startGateway(
    demoConfig(folder, ports),
    // The table below is what one should read.
    createLogger({ level: 'warn', format: 'text' }),
  )
  const shownFolder = relative(process.cwd(), examplesFolder) || '.'
  process.stdout.write(formatTour({ ports: gateway.ports, authorityFile, examplesFolder: shownFolder, notices }))
  await stopped
  await gateway.stop()
}

type Ports = { readonly http: number; readonly https: number; readonly admin: number }

const preferredPorts: Ports = { http: 8080, https: 8443, admin: 10254 }

/** 0 where the preferred one is taken. */
async function choosePorts(): Promise<{ ports: Ports; notices: readonly string[] }> {
  const notices: string[] = []
  const choose = async (port: number): Promise<number> => {
    if (await isFree(port)) return port
    notices.push(`Port ${port} is taken by another program: a free one takes its place.`)
    return 0
  }
  const ports = {
    http: await choose(preferredPorts.http),
    https: await choose(preferredPorts.https),
    admin: await choose(preferredPorts.admin),
  }
  return { ports, notices }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, address)
    await once(server, 'listening')
  } catch {
    // Taken, or not ours to take: either way another port will do.
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

// The environment is left out: the demo is the same for everybody.
function demoConfig(folder: string, ports: Ports): Config {
  const result = parseConfig(
    [
      `--manifests=${examplesFolder}`,
      `--manifests=${folder}`,
      `--http-port=${ports.http}`,
      `--https-port=${ports.https}`,
      `--admin-port=${ports.admin}`,
      `--bind=${address}`,
      '--workers=0',
      '--lame-duck-seconds=0',
      '--drain-seconds=1',
    ],
    {},
  )
  if ('mistakes' in result) throw new Error(result.mistakes.join('\n'))
  return result.config
}
