import FindMyWay from 'find-my-way'
import { buildRoutingTable } from '../../src/router/build.ts'
import { match } from '../../src/router/match.ts'
import type { Question } from '../../src/router/table.ts'
import type { Case } from './harness/case.ts'
import { inputOf, options, question, world } from './inputs/world.ts'

// Wanted at 20,000 hosts: < 1 us, and no allocation.

export function cases(): readonly Case[] {
  return [...[50, 10_000].flatMap(casesOf), yardstick()]
}

/** Each Ingress has two hosts. */
function casesOf(ingresses: number): readonly Case[] {
  const { table } = buildRoutingTable(inputOf(world(ingresses)), options)
  const label = `${(ingresses * 2).toLocaleString('en')} hosts`
  return Object.entries(questionsOf(ingresses)).map(([what, questions]) => {
    const run = (at: number) => {
      const question = questions[at & 1023]
      return question && match(table, question)
    }
    return { name: `${label}, ${what}`, run }
  })
}

function questionsOf(ingresses: number): Readonly<Record<string, readonly Question[]>> {
  // Far apart, so that the caches of the processor help no more than they do for real hosts.
  const numbers = Array.from({ length: 1024 }, (_, n) => (n * 7919) % ingresses)
  const questions = (host: (n: number) => string, path: string) => numbers.map((n) => question(host(n), path))
  return {
    'precise, long path': questions((n) => `a${n}.example.com`, '/static/assets/app/main.js'),
    'precise, short path': questions((n) => `a${n}.example.com`, '/products/1'),
    wildcard: questions((n) => `x.w${n - (n % 10)}.example.com`, '/api/v1'),
    'unknown host': questions((n) => `no${n}.example.org`, '/api/v1'),
  }
}

/** It knows 30 hosts only: it takes no more for one path. */
function yardstick(): Case {
  const router = FindMyWay()
  for (let n = 0; n < 30; n += 1) {
    const constraints = { host: `a${n}.example.com` }
    for (const path of ['/*', '/api/*', '/static/assets/*']) router.on('GET', path, { constraints }, () => {})
  }
  return {
    name: 'find-my-way, 30 hosts',
    run: (at) => router.find('GET', '/static/assets/app/main.js', { host: `a${at % 30}.example.com` }),
  }
}
