import autocannon from 'autocannon'
import type { LoadResult } from './load.ts'

// A process of its own, so that it can be kept off the proxy's core: `node autocannon.ts PORT SECONDS CONNECTIONS`.
const [port, seconds = 1, connections = 1] = process.argv.slice(2).map(Number)
const result = await autocannon({
  url: `http://127.0.0.1:${port}/`,
  connections,
  duration: seconds,
  headers: { host: 'bench.example.com' },
})
const summary: LoadResult = {
  requests: result.requests.total,
  errors: result.errors + result.non2xx,
  seconds: result.duration,
  p50: result.latency.p50,
  p99: result.latency.p99,
}
process.stdout.write(JSON.stringify(summary))
