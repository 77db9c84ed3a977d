import { writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { formatThroughput, measureThroughput } from './proxy/throughput.ts'

// `npm run bench`: every proxy of the comparison in one run. Figures are not tests: on a shared machine only ratios within one run
// mean anything.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    only: { type: 'string' },
    output: { type: 'string' },
  },
})

const results = await measureThroughput({
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: Number(values.connections),
  only: values.only?.split(','),
})
const text = [
  `Node ${process.version}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString().slice(0, 10)}`,
  '',
  ...results.map(formatThroughput),
].join('\n')
process.stdout.write(text)
if (values.output !== undefined) await writeFile(values.output, text)
