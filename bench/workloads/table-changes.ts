import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manifestFolder } from '../peers/headgate.ts'
import { plainSetup } from '../peers/peer.ts'
import { fill, readTemplate } from '../peers/template.ts'
import { atHalfRate, Capacity } from './half-rate.ts'
import { type Bench, defaults, type Entrant, entrantsOf, type Workload } from './workload.ts'

const changesPerSecond = 100

/** Requests while other routes come and go. The proxy's one core carries the control plane, too. */
export function tableChanges(bench: Bench): Workload {
  const capacity = new Capacity(bench)
  const entrants = entrantsOf(bench, ['live-table']).flatMap(({ peer }) =>
    ['quiet', 'changing'].map((word): Entrant => {
      const setup = { ...plainSetup, hosts: 100 }
      return { label: `${peer.name}, ${word}`, peer, setup, comparedTo: `${peer.name}, quiet` }
    }),
  )
  return {
    ...defaults,
    name: 'table-changes',
    title: `Latency while the table changes ${changesPerSecond} times a second`,
    notes: [
      'As at half of the capacity. An Ingress gets another host in a file of its own; Headgate makes one table of the changes of 50 ms.',
    ],
    loadBy: bench.tools.fixedRate.name,
    entrants,
    alsoCompared: { head: 'p99 vs quiet', figure: ({ latency }) => latency.p99 },
    async measure({ label }, instance, seconds) {
      if (!label.endsWith('changing')) return atHalfRate(bench, capacity, instance, seconds)
      await capacity.of(instance)
      const writer = await startChanging(manifestFolder(instance.folder))
      const sample = await atHalfRate(bench, capacity, instance, seconds)
      return { ...sample, extras: { 'changes/s': await writer.stop() } }
    },
  }
}

/** Replaces one file again and again, each time with another host. `stop` tells how many a second it came to. */
async function startChanging(folder: string): Promise<{ stop(): Promise<number> }> {
  const template = await readTemplate('headgate-host.yaml')
  const startedAt = performance.now()
  let changes = 0
  let last = Promise.resolve()
  const change = async (): Promise<void> => {
    const text = fill(template, 'headgate-host.yaml', { name: 'changing', host: `changing-${changes++}.example.com` })
    // The name of a file that is not a manifest: none is ever read half written.
    await writeFile(join(folder, 'changing.tmp'), text)
    await rename(join(folder, 'changing.tmp'), join(folder, 'changing.yaml'))
  }
  const timer = setInterval(() => {
    last = last.then(change)
  }, 1000 / changesPerSecond)
  return {
    async stop() {
      clearInterval(timer)
      await last
      return (changes * 1000) / (performance.now() - startedAt)
    },
  }
}
