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

// `npm run bench:profile`: where the time of a request goes, as pictures and tables, for each lane and for nginx beside it.
const { values } = parseArgs({
  options: {
    lane: { type: 'string', default: 'all' },
    tls: { type: 'boolean' },
    seconds: { type: 'string', default: '10' },
    built: { type: 'boolean', default: false },
    output: { type: 'string', default: 'docs/performance' },
  },
})
if (!['all', 'fast', 'standard', 'h2'].includes(values.lane) || !(Number(values.seconds) >= 1)) {
  process.stderr.write(
    'Usage: npm run bench:profile -- [--lane fast|standard|h2] [--tls] [--seconds 10] [--built] [--output FOLDER]\n',
  )
  process.exit(2)
}
const wanted = rowsFor({ lane: values.lane, tls: values.tls, built: values.built })
const rows = wanted.filter(canRun)
const missing = ['nginx', 'wrk', 'h2load', 'perf'].filter((program) => !isInstalled(program))
if (missing.length > 0) process.stderr.write(`Not installed: ${missing.join(', ')}. What needs them is left out.\n`)

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
  for (const { row, stacks } of profiled.filter(isOurs)) {
    await save(`${flameName(row)}.svg`, flameSvg(stacks, `${row.lane} lane, ${row.group}: ${machine()}`))
  }
  const page = pageOf(profiled)
  await save('where-time-goes.md', page)
  process.stdout.write(`${page}\nWritten to ${values.output}.\n`)
}

function pageOf(profiled: readonly Profiled[]): string {
  const lanes = profiled
    .filter(isOurs)
    .flatMap(({ row, javaScript }) => [
      `## JavaScript of the ${row.lane} lane, ${row.group}`,
      `In percent of all JavaScript, functions that were inlined told apart. [Flame graph](${flameName(row)}.svg)`,
      functionTable(javaScript).trimEnd(),
    ])
  const sections = [
    '# Where the time of a request goes',
    `Written by \`npm run bench:profile\`. ${machine()}.`,
    '![CPU microseconds per request, by what they are spent on](where-time-goes.svg)',
    timeTable(profiled).trimEnd(),
    '## System calls',
    syscallTable(profiled).trimEnd(),
    ...profiled.flatMap(errorsOf),
    ...lanes,
  ]
  return `${sections.join('\n\n')}\n`
}

function isOurs({ row }: Profiled): boolean {
  return row.lane !== 'nginx'
}

function flameName({ lane, group }: Row): string {
  return `flame-${lane}${group === 'HTTP/1.1 + TLS' ? '-tls' : ''}`
}

function errorsOf({ row, errors }: Profiled): readonly string[] {
  return errors === 0 ? [] : [`${row.group}, ${row.lane}: ${errors} errors, so the row is no result.`]
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown'
  return `Node ${process.version}, Linux ${release()}, ${model}, ${new Date().toISOString().slice(0, 10)}`
}
