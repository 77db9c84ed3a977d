import { execFile, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startHeadgate } from '../../test/support/headgate.ts'
import { ingress, service, toYaml } from '../../test/support/objects.ts'
import { attackers } from './attackers.ts'
import type { EndpointReport } from './endpoint.ts'
import { askSteadily } from './legitimate-load.ts'

// `npm run bench:attacks -- [--seconds 5] [--only TEXT]`: each attack on HTTP/2 beside clients that mean well, as a table.
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, only: { type: 'string', default: '' } },
})
const seconds = Number(values.seconds)
const attackerFile = fileURLToPath(new URL('./attacker.ts', import.meta.url))
const run = promisify(execFile)

const endpoint = fork(fileURLToPath(new URL('./endpoint.ts', import.meta.url)))
let open = 0
const port = await new Promise<number>((resolve) => {
  endpoint.on('message', (report: EndpointReport) => {
    open = report.open
    resolve(report.port)
  })
})
const yaml = toYaml(ingress({ host: 'app.example.com' }), service('app', [port]))
const headgate = await startHeadgate({ manifests: { 'app.yaml': yaml }, flags: ['--access-log=off'] })
const where = { port: headgate.https, isTls: true }

function residentBytes(): number {
  const status = readFileSync(`/proc/${headgate.process.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1_024
}

/** The most that was seen while something went on. */
async function watching<T>(work: () => Promise<T>): Promise<{ result: T; bytes: number; upstream: number }> {
  const before = residentBytes()
  let most = before
  let upstream = 0
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes())
    upstream = Math.max(upstream, open)
  }, 50)
  try {
    return { result: await work(), bytes: most - before, upstream }
  } finally {
    clearInterval(timer)
  }
}

/** Of Headgate's own event loop, in the last seconds: unlike latencies it tells nothing of how busy the machine is with others. */
async function longestPauseMs(): Promise<number> {
  const line = /^headgate_event_loop_delay_seconds\{process="primary",quantile="1"\} (\S+)$/m
  return Number(line.exec(await headgate.page('/metrics'))?.[1]) * 1_000
}

type Report = { connections: number; cut: number; steps: number; sent: number; codes: number[] }

function fateOf({ connections, cut, steps, sent, codes }: Report): string {
  const said = codes.length > 0 ? `, GOAWAY ${codes.join(', ')}` : ''
  return cut === 0
    ? `${connections} left, ${sent} steps`
    : `${cut} of ${connections} cut off after ${steps} steps${said}`
}

const heads = [
  'attack',
  'fate of the attacker',
  'p99 quiet, ms',
  'p99 under attack, ms',
  'ratio',
  'event loop at most, ms',
  'RSS + MB',
  'upstream at most',
  'failed',
]
const line = (cells: readonly string[]): void => void process.stdout.write(`| ${cells.join(' | ')} |\n`)

try {
  await askSteadily(where, 3)
  line(heads)
  line(heads.map(() => '---'))
  for (const { name } of attackers.filter((one) => one.name.includes(values.only))) {
    const quiet = await askSteadily(where, seconds)
    const { result, bytes, upstream } = await watching(async () => {
      const attacked = run(process.execPath, [attackerFile, name, String(headgate.https), String(seconds)])
      const [latency, { stdout }] = await Promise.all([askSteadily(where, seconds), attacked])
      return { latency, report: JSON.parse(stdout) as Report, pauseMs: await longestPauseMs() }
    })
    const { latency, report, pauseMs } = result
    line([
      name,
      fateOf(report),
      quiet.p99.toFixed(1),
      latency.p99.toFixed(1),
      (latency.p99 / quiet.p99).toFixed(2),
      pauseMs.toFixed(0),
      (bytes / 1e6).toFixed(0),
      String(upstream),
      `${latency.failures} of ${latency.requests}`,
    ])
  }
} finally {
  await headgate.stop()
  endpoint.disconnect()
}
