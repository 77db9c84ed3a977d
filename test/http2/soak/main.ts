import { parseArgs } from 'node:util'
import { startSoakBed } from './bed.ts'
import { noCounts } from './connection.ts'
import { useUpCredit } from './credit.ts'
import { soak } from './soak.ts'

// `npm run soak:http2 -- --minutes 5 --seed N`: as the test does, for as long as wanted. `--from N --connections 1` is one connection again.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    from: { type: 'string', default: '0' },
    connections: { type: 'string', default: '1000000000' },
    'at-once': { type: 'string', default: '8' },
    plain: { type: 'boolean', default: false },
    flag: { type: 'string', multiple: true, default: [] },
  },
})
const seed = Number(values.seed)
const bed = await startSoakBed({ isTls: !values.plain, flags: values.flag })
const { where, endpoint } = bed
const start = performance.now()
const endMs = start + Number(values.minutes) * 60_000
const last = Number(values.from) + Number(values.connections)
const totals = { ...noCounts }
process.stdout.write(`seed ${seed}\n`)
try {
  for (let from = Number(values.from); from < last && performance.now() < endMs; ) {
    const connections = Math.min(500, last - from)
    const atOnce = Number(values['at-once'])
    const counts = await soak({ where, endpoint, seed, from, connections, atOnce, untilMs: endMs })
    from += connections
    totals.requests += counts.requests
    totals.aborted += counts.aborted
    totals.tunnels += counts.tunnels
    totals.connections += counts.connections
    totals.cut += counts.cut
    await bed.untilQuiet()
    const seconds = ((performance.now() - start) / 1_000).toFixed(0)
    process.stdout.write(`${seconds} s, ${JSON.stringify(totals)}, ${await memory()} MB; nothing left open\n`)
  }
  process.stdout.write(`${JSON.stringify(await useUpCredit(where, endpoint))}\n`)
  await bed.untilQuiet()
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : error}\n${bed.headgate.output().slice(-2_000)}\n`)
  process.exitCode = 1
} finally {
  await bed.close()
}

async function memory(): Promise<string> {
  const line = /^headgate_process_resident_memory_bytes\{process="primary"\} (\S+)$/m
  return (Number(line.exec(await bed.headgate.page('/metrics'))?.[1] ?? 0) / 1e6).toFixed(0)
}
