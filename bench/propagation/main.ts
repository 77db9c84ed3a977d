import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, release } from 'node:os'
import { parseArgs } from 'node:util'
import { measureChurn } from './churn.ts'
import { measureColdStart } from './cold-start.ts'
import { createIngresses } from './ingresses.ts'
import { measureChanges } from './measure.ts'
import { openOwnBed } from './own-bed.ts'
import { churnRow, coldStartRow, propagationRows, renderReport, type Tables } from './render.ts'
import { createWorld, type World } from './world.ts'

// `npm run bench:propagation`: from the API server's answer to a change to the first request that it serves, by the client
// outside. Uses the bed of that name where it is up, else one of its own. Figures are not tests: only a quiet machine gives good ones.
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'propagation' },
    ingresses: { type: 'string', default: '10,1000,10000' },
    changes: { type: 'string', default: '300' },
    /** Flags of Headgate that differ from the manifests, with commas. */
    flags: { type: 'string', default: '' },
    /** So long, at the largest number of Ingresses, a hundred of them change every second. */
    'churn-seconds': { type: 'string', default: '60' },
    output: { type: 'string' },
  },
})
const sizes = values.ingresses.split(',').map(Number)
const flags = values.flags.split(',').filter((flag) => flag !== '')

const tables: Record<keyof Tables, (readonly string[])[]> = { propagation: [], coldStarts: [], churns: [] }
// What else the machine has to do: above its cores, figures are those of a queue.
const load = loadavg()[0]?.toFixed(1)
const { bed, close } = await openOwnBed(values.name)
try {
  const world = await createWorld(bed, flags)
  try {
    await measureAll(world)
  } finally {
    await world.close()
  }
} finally {
  await close()
}
const machine = `Node ${process.version}, Linux ${release()}, ${cpus().length} cores with a load of ${load} before the run, ${new Date().toISOString().slice(0, 10)}`
const report = renderReport(machine, tables)
process.stdout.write(report)
if (values.output !== undefined) await writeFile(values.output, report)
process.exit(0)

async function measureAll(world: World): Promise<void> {
  let count = 0
  for (const size of sizes) {
    await createIngresses(bed, count, size, world.headgate.ingressClass)
    count = size
    tables.coldStarts.push(said(coldStartRow(size, await measureColdStart(bed, world))))
    const measured = await measureChanges(bed, world, Number(values.changes))
    tables.propagation.push(...propagationRows(size, measured).map(said))
  }
  const seconds = Number(values['churn-seconds'])
  if (seconds > 0) tables.churns.push(said(churnRow(count, seconds, await measureChurn(bed, world, count, seconds))))
}

/** All of it takes minutes. */
function said(row: readonly string[]): readonly string[] {
  process.stderr.write(`${row.join(' ')}\n`)
  return row
}
