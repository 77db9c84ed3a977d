import { writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { openBed } from '../../test/cluster/bed/running-bed.ts'
import { measureChurn } from './churn.ts'
import { measureColdStart } from './cold-start.ts'
import { createIngresses } from './ingresses.ts'
import { measureChanges } from './measure.ts'
import { churnRow, coldStartRow, propagationRows, renderReport } from './render.ts'
import { createWorld } from './world.ts'

// `npm run bench:propagation`: from the API server's answer to a change to the first request that it serves, by the client
// outside. Needs a bed with both images: `npm run cluster -- up --nodes 1`.
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'bed' },
    ingresses: { type: 'string', default: '10,1000,10000' },
    changes: { type: 'string', default: '200' },
    /** Flags of Headgate that differ from the manifests, with commas. */
    flags: { type: 'string', default: '' },
    /** So long, at the largest number of Ingresses, a hundred of them change every second. */
    'churn-seconds': { type: 'string', default: '0' },
    output: { type: 'string' },
  },
})
const sizes = values.ingresses.split(',').map(Number)
const flags = values.flags.split(',').filter((flag) => flag !== '')

const bed = openBed(values.name)
const say = (text: string): boolean => process.stderr.write(`${text}\n`)
const world = await createWorld(bed, flags)
const propagation: (readonly string[])[] = []
const coldStarts: (readonly string[])[] = []
const churns: (readonly string[])[] = []
try {
  let count = 0
  for (const size of sizes) {
    say(`${size} Ingresses`)
    await createIngresses(bed, count, size, world.headgate.ingressClass)
    count = size
    const start = await measureColdStart(bed, world)
    coldStarts.push(coldStartRow(size, start))
    say(coldStartRow(size, start).join(' '))
    const rows = propagationRows(size, await measureChanges(bed, world, Number(values.changes)))
    for (const row of rows) say(row.join(' '))
    propagation.push(...rows)
  }
  const churnSeconds = Number(values['churn-seconds'])
  if (churnSeconds > 0) churns.push(churnRow(count, churnSeconds, await measureChurn(bed, world, count, churnSeconds)))
} finally {
  await world.close()
}
const machine = `Node ${process.version}, Linux ${release()}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}`
const report = renderReport(machine, { propagation, coldStarts, churns })
process.stdout.write(report)
if (values.output !== undefined) await writeFile(values.output, report)
process.exit(0)
