import FindMyWay from 'find-my-way'
import { buildRoutingTable } from '../../src/router/build.ts'
import { match } from '../../src/router/match.ts'
import type { Question } from '../../src/router/table.ts'
import { inputOf, options, world } from './world.ts'

// Wanted at 20 000 hosts: < 1 us, and no allocation on a miss. Run with --expose-gc for the heap figure.

const size = 10_000
const { table } = buildRoutingTable(inputOf(world(size)), options)
const none = () => undefined

function questions(host: (n: number) => string, path: string): readonly Question[] {
  const numbers = Array.from({ length: 1024 }, (_, n) => (n * 7919) % size)
  return numbers.map((n) => {
    return { listener: 'http', host: host(n), path, method: 'GET', header: none, query: none, cookie: none }
  })
}

const rounds = 1e6
function report(what: string, run: (at: number) => unknown): void {
  let found = 0
  for (let at = 0; at < rounds; at += 1) if (run(at)) found += 1
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const start = performance.now()
  for (let at = 0; at < rounds; at += 1) if (run(at)) found += 1
  const time = performance.now() - start
  const growth = (process.memoryUsage().heapUsed - heap) / rounds
  const nanoseconds = ((time * 1e6) / rounds).toFixed(0).padStart(5)
  console.log(`${what.padEnd(30)} ${nanoseconds} ns, ${growth.toFixed(2)} bytes each, ${found / 2 / rounds} found`)
}

const cases = {
  'exact host, long path': questions((n) => `a${n}.example.com`, '/static/assets/app/main.js'),
  'exact host, /': questions((n) => `a${n}.example.com`, '/products/1'),
  'wildcard host': questions((n) => `x.w${n - (n % 10)}.example.com`, '/api/v1'),
  'unknown host': questions((n) => `no${n}.example.org`, '/api/v1'),
}
for (const [what, list] of Object.entries(cases)) {
  report(what, (at) => {
    const question = list[at & 1023]
    return question && match(table, question)
  })
}

// The yardstick knows 30 hosts only: it takes no more for one path.
const router = FindMyWay()
for (let n = 0; n < 30; n += 1) {
  const constraints = { host: `a${n}.example.com` }
  for (const path of ['/*', '/api/*', '/static/assets/*']) router.on('GET', path, { constraints }, () => {})
}
report('find-my-way, 30 hosts', (at) =>
  router.find('GET', '/static/assets/app/main.js', { host: `a${at % 30}.example.com` }),
)
