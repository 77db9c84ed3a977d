import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTools } from './load/tools.ts'
import { type Instance, Instances } from './measure/instances.ts'
import { runRounds } from './measure/rounds.ts'
import { type Options, readOptions } from './options.ts'
import { startBackends } from './peers/backends.ts'
import { writeCertificate } from './peers/certificate.ts'
import { findPeers } from './peers/find.ts'
import { type Circumstances, circumstancesOf, formatCircumstances } from './report/circumstances.ts'
import { formatReport, formatVerdict, type Result, toJson } from './report/report.ts'
import { rowsOf } from './report/row.ts'
import { formatWorkload } from './report/table.ts'
import { layOut, moveTo, usableCores } from './support/cores.ts'
import { chooseWorkloads } from './workloads/all.ts'
import { runClosedLoop } from './workloads/closed-loop.ts'
import type { Bench, Workload } from './workloads/workload.ts'

// `npm run bench`: every proxy of the comparison in one run. Figures are not tests: on a shared machine only ratios within one run
// mean anything.
const options = readOptions(process.argv.slice(2))
const allCores = usableCores()
const cores = layOut(allCores, 1)
moveTo(cores.load)
const found = findPeers(options.only, options.isBuilt)
const tools = findTools(options.isQuick)
const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-'))
const bench: Bench = { peers: found.peers, tools, folder, coresFor: (workers) => layOut(allCores, workers) }
const workloads = chooseWorkloads(bench, options.workloads)
const backends = await startBackends(folder, cores.backends, options.isQuick)
const circumstances = circumstancesOf(found, tools, { ...cores, count: allCores.length }, backends.name)
const certificate = await writeCertificate(folder)
const instances = new Instances({ folder, cores: allCores, backends: backends.ports, certificate })
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Error(`ended by ${signal}`)))
})
try {
  process.stdout.write(`${formatCircumstances(circumstances)}\n`)
  await Promise.race([measureAll(options, circumstances), interrupted])
} finally {
  await instances.close()
  await backends.close()
  await rm(folder, { recursive: true, force: true })
}
process.exit()

async function measureAll(options: Options, circumstances: Circumstances): Promise<void> {
  const results: Result[] = []
  for (const workload of workloads) {
    const result = await measure(workload, options)
    results.push(result)
    process.stdout.write(`${formatWorkload(workload, result.rows)}\n`)
    // After each, so that a run that is ended early leaves what it has.
    if (options.json !== undefined) await writeFile(options.json, toJson(circumstances, results))
    if (options.output !== undefined) await writeFile(options.output, formatReport(circumstances, results))
  }
  process.stdout.write(formatVerdict(circumstances, results))
}

async function measure(workload: Workload, { rounds, seconds }: Options): Promise<Result> {
  if (workload.unavailable !== undefined) return { workload, rows: [] }
  const say = (text: string): boolean => process.stderr.write(`${text}\n`)
  const outcomes = await runRounds(workload, instances, { rounds, seconds, warmUpSeconds: 3, warmUp, say })
  return { workload, rows: rowsOf(workload, outcomes) }
}

async function warmUp(instance: Instance, seconds: number): Promise<void> {
  await runClosedLoop(bench, instance, { path: '/', tls: false }, { seconds, connections: 64 })
}
