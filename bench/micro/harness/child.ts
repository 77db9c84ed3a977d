import { pathToFileURL } from 'node:url'
import type { Cases } from './case.ts'
import { measure } from './measure.ts'

// A process for each file, so that what one of them teaches the optimiser does not change the figures of another:
// `node child.ts FILE ROUNDS ROUND_MS`, one line of JSON for each case.

const [file = '', rounds, roundMs] = process.argv.slice(2)
const module: unknown = await import(pathToFileURL(file).href)
if (!hasCases(module)) throw new Error(`${file} exports no cases`)
for (const each of module.cases()) {
  const measured = measure(each, { rounds: Number(rounds), roundMs: Number(roundMs) })
  process.stdout.write(`${JSON.stringify(measured)}\n`)
}

function hasCases(module: unknown): module is { readonly cases: Cases } {
  return typeof module === 'object' && module !== null && 'cases' in module && typeof module.cases === 'function'
}
