// The client outside: requests at a steady rate until SIGTERM, every answer counted. Lines of JSON on standard output.
//   node traffic.ts '{"streams":[{"name":"get","urls":["http://198.51.100.11:30080/"],"host":"a.example","rate":100}]}'
import { Collector } from './collector.ts'
import {
  type Failure,
  maxFailures,
  type StreamProgress,
  type TrafficLine,
  type TrafficOptions,
  type TrafficReport,
} from './report.ts'
import { Stream } from './stream.ts'

const tickMs = 4
const progressMs = 200

async function run({ streams: streamOptions, collectorPort }: TrafficOptions): Promise<void> {
  const startedAt = Date.now()
  const failures: Failure[] = []
  const succeededPosts = new Set<string>()
  const collector = new Collector()
  if (collectorPort !== undefined) await collector.listen(collectorPort)
  const streams = streamOptions.map(
    (options) =>
      new Stream(options, {
        onFailure: (failure) => failures.push(failure),
        onPostSucceeded: (id) => succeededPosts.add(id),
      }),
  )
  const ticker = setInterval(() => {
    const now = Date.now()
    for (const stream of streams) stream.tick(now)
  }, tickMs)
  const tellProgress = (): void => {
    const byName: Record<string, StreamProgress> = {}
    for (const { name, tally } of streams) byName[name] = tally.takeProgress()
    print({ kind: 'progress', progress: { ...totals(streams), streams: byName } })
  }
  const teller = setInterval(tellProgress, progressMs)
  tellProgress()

  await new Promise<void>((resolve) => process.once('SIGTERM', resolve))
  clearInterval(teller)
  for (const stream of streams) stream.stopSending()
  await Promise.all(streams.map((stream) => stream.idle()))
  clearInterval(ticker)
  const endedAt = Date.now()
  const report: TrafficReport = {
    startedAt,
    endedAt,
    ...totals(streams),
    ...timesOf(failures),
    failures: failures.slice(0, maxFailures),
    streams: Object.fromEntries(streams.map(({ name, tally }) => [name, tally.report()])),
    posts: await collector.report(succeededPosts),
  }
  print({ kind: 'report', report }, () => process.exit(0))
}

function totals(streams: readonly Stream[]): { sent: number; succeeded: number; failed: number } {
  const sum = { sent: 0, succeeded: 0, failed: 0 }
  for (const { tally } of streams) {
    sum.sent += tally.sent
    sum.succeeded += tally.answered.succeeded
    sum.failed += tally.answered.failed
  }
  return sum
}

function timesOf(failures: readonly Failure[]): { firstFailureAt?: number; lastFailureAt?: number } {
  if (failures.length === 0) return {}
  const ends = failures.map(({ endedAt }) => endedAt)
  return { firstFailureAt: Math.min(...ends), lastFailureAt: Math.max(...ends) }
}

function print(line: TrafficLine, done?: () => void): void {
  process.stdout.write(`${JSON.stringify(line)}\n`, done)
}

// Whoever started us is gone: so are we.
process.stdout.on('error', () => process.exit(1))
await run(JSON.parse(process.argv[2] ?? '{"streams":[]}'))
