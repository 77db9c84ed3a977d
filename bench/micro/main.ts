import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Measured } from './harness/measure.ts'
import { formatBytes, formatTable, formatTime } from './harness/render.ts'
import { benchNames, runFile } from './harness/run-file.ts'

// `npm run bench:micro [-- NAME ...]`: what single functions cost. `npm run bench:compare` sets two commits side by side.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '25' }, 'round-ms': { type: 'string', default: '20' } },
})
const options = { rounds: Number(values.rounds), roundMs: Number(values['round-ms']) }
const known = benchNames(import.meta.dirname)
const unknown = positionals.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`No such bench: ${unknown.join(', ')}. There are ${known.join(', ')}.\n`)
  process.exit(2)
}

for (const name of positionals.length > 0 ? positionals : known) {
  const result = await runFile(join(import.meta.dirname, `${name}.ts`), options)
  if (result.kind === 'failed') {
    process.stderr.write(`${name}: ${result.reason}\n`)
    process.exitCode = 1
  } else process.stdout.write(`${format(name, result.cases)}\n`)
}

function format(name: string, cases: readonly Measured[]): string {
  const rows = cases.map((each) => [
    each.name,
    formatTime(each.nanoseconds),
    `${formatTime(each.low)} - ${formatTime(each.high)}`,
    formatBytes(each.bytes),
  ])
  return formatTable([name, 'an operation', 'half of the rounds', 'heap'], rows)
}
