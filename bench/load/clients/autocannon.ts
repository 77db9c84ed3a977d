import autocannon from 'autocannon'
import { type ClosedLoop, host, type LoadResult, urlOf } from '../load.ts'

// A process of its own, so that it can be kept off the proxy's core. It is told what to do as JSON.
const load: ClosedLoop = JSON.parse(process.argv[2] ?? '')
const { target, seconds, connections, uploadBytes, hosts } = load
const result = await autocannon({
  url: urlOf(target),
  connections,
  duration: seconds,
  headers: { host },
  ...(uploadBytes === undefined ? {} : { method: 'POST', body: Buffer.alloc(uploadBytes, 'x') }),
  ...(hosts === undefined ? {} : { requests: hosts.map((name) => ({ headers: { host: name } })) }),
})
const summary: LoadResult = {
  requests: result.requests.total,
  errors: result.errors + result.non2xx,
  seconds: result.duration,
  latency: { p50: result.latency.p50, p99: result.latency.p99, p999: result.latency.p99_9 },
}
process.stdout.write(JSON.stringify(summary))
