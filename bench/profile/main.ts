import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBackends } from '../peers/backends.ts'
import { writeCertificate } from '../peers/certificate.ts'
import { layOut, moveTo, usableCores } from '../support/cores.ts'
import { isInstalled } from '../support/spawned.ts'
import { barsSvg } from './bars-svg.ts'
import { flameSvg } from './flame-svg.ts'
import { type Profiled, profileRow } from './profile-row.ts'
import { type Row, rowsFor } from './rows.ts'
import { functionTable, syscallTable, timeTable } from './tables.ts'

// `node bench/profile/main.ts`: where the time of a request goes, as pictures and tables, for each lane and for nginx beside it.
const { values } = parseArgs({
  options: {
    lane: { type: 'string', default: 'all' },
    tls: { type: 'boolean' },
    seconds: { type: 'string', default: '10' },
    built: { type: 'boolean', default: false },
    output: { type: 'string', default: 'profile' },
  },
})
if (!['all', 'fast', 'standard', 'h2'].includes(values.lane) || !(Number(values.seconds) >= 1)) {
  process.stderr.write(
    'Usage: node bench/profile/main.ts [--lane fast|standard|h2] [--tls] [--seconds 10] [--built] [--output FOLDER]\n',
  )
  process.exit(2)
}
const wanted = rowsFor({ lane: values.lane, tls: values.tls, built: values.built })
const rows = wanted.filter(canRun)
const missing = ['nginx', 'wrk', 'h2load', 'perf'].filter((program) => !isInstalled(program))
if (missing.length > 0)
  process.stderr.write(`Not installed: ${missing.join(', ')}. The README says what goes without.\n`)

const folder = await mkdtemp(join(tmpdir(), 'headgate-profile-'))
const cores = usableCores()
const layout = layOut(cores, 1)
moveTo(layout.load)
const backends = await startBackends(folder, layout.backends, false)
try {
  const certificate = await writeCertificate(folder)
  const stage = { folder, cores, layout, backends: backends.ports, certificate, seconds: Number(values.seconds) }
  const profiled: Profiled[] = []
  for (const row of rows) {
    process.stderr.write(`${row.group}, ${row.lane} ...\n`)
    profiled.push(await profileRow(row, stage))
  }
  await write(profiled)
} finally {
  await backends.close()
  await rm(folder, { recursive: true, force: true })
}

function canRun({ lane, group }: Row): boolean {
  return (lane !== 'nginx' || isInstalled('nginx')) && (group !== 'HTTP/2 + TLS' || isInstalled('h2load'))
}

async function write(profiled: readonly Profiled[]): Promise<void> {
  await mkdir(values.output, { recursive: true })
  const save = (name: string, text: string) => writeFile(join(values.output, name), text)
  const bars = profiled.map(({ row, microsecondsPerRequest, shares }) => {
    return { group: row.group, name: row.lane, microsecondsPerRequest, shares }
  })
  await save('where-time-goes.svg', barsSvg(bars, machine()))
  for (const { row, stacks, javaScript } of profiled.filter(({ row }) => row.lane !== 'nginx')) {
    const name = `${row.lane}${row.group === 'HTTP/1.1 + TLS' ? '-tls' : ''}`
    await save(`flame-${name}.svg`, flameSvg(stacks, `${row.lane} lane, ${row.group}: ${machine()}`))
    await save(`functions-${name}.md`, functionTable(javaScript))
  }
  const tables = [machine(), timeTable(profiled), syscallTable(profiled), ...profiled.flatMap(errorsOf)].join('\n\n')
  await save('where-time-goes.md', tables)
  process.stdout.write(tables)
}

function errorsOf({ row, errors }: Profiled): readonly string[] {
  return errors === 0 ? [] : [`${row.group}, ${row.lane}: ${errors} errors, so the row is no result.\n`]
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown'
  return `Node ${process.version}, Linux ${release()}, ${model}, ${new Date().toISOString().slice(0, 10)}`
}
