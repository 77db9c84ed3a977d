import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findTools } from './load/tools.ts'
import { layOut, usableCores } from './support/cores.ts'
import { childrenOf, residentOfTree } from './support/process-cpu.ts'
import { startOn, stop } from './support/spawned.ts'

// How long the real program takes to serve a large cluster, and what its processes then weigh: `node bench/scale.ts`.
const { values } = parseArgs({
  options: {
    ingresses: { type: 'string', default: '10000' },
    /** Run the package as users get it (`npm run build` first): type stripping alone costs 30 MB a process. */
    built: { type: 'boolean', default: false },
  },
})
const count = Number(values.ingresses)
const main = fileURLToPath(new URL(values.built ? '../dist/main.js' : '../src/main.ts', import.meta.url))
const port = 18_100

const folder = await mkdtemp(join(tmpdir(), 'headgate-scale-'))
await writeFile(join(folder, 'cluster.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(count) }))
const startedAt = performance.now()
const child = startOn(0, [
  process.execPath,
  main,
  ...[
    'serve',
    '--manifests',
    folder,
    `--http-port=${port}`,
    '--https-port=off',
    '--admin-port=off',
    '--bind=127.0.0.1',
  ],
  ...['--workers=1', '--lame-duck-seconds=0', '--drain-seconds=1', '--log-level=error'],
])
try {
  if (child.stdout !== null) await once(child.stdout, 'data')
  const seconds = (performance.now() - startedAt) / 1000
  const [worker = 0] = childrenOf(child.pid ?? 0)
  const report = (when: string): void => {
    const ofWorker = residentOfTree(worker)
    const ofPrimary = residentOfTree(child.pid ?? 0) - ofWorker
    process.stdout.write(`${when}: primary ${megabytes(ofPrimary)} MB, worker ${megabytes(ofWorker)} MB\n`)
  }
  process.stdout.write(`${count} Ingresses, ${2 * count} hosts: ready after ${seconds.toFixed(1)} s\n`)
  report('just started')
  const { closedLoop } = findTools(false)
  await closedLoop.run({
    ...{ target: { port, tls: false, path: '/' }, seconds: 10, connections: 64, threads: 1 },
    cores: layOut(usableCores(), 1).load,
  })
  report('after 10 s of load (404s)')
} finally {
  await stop(child)
  await rm(folder, { recursive: true, force: true })
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}

function* range(length: number): Generator<number> {
  for (let i = 0; i < length; i++) yield i
}

function objects(length: number): readonly object[] {
  return [...range(length)].flatMap((i) => [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: `web-${i}`, namespace: `team-${i % 100}` },
      spec: {
        rules: [`a${i}.example.com`, `b${i}.example.com`].map((host) => ({
          host,
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: `web-${i}`, port: { number: 80 } } } },
            ],
          },
        })),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `web-${i}`, namespace: `team-${i % 100}` },
      spec: { ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `web-${i}-abcde`,
        namespace: `team-${i % 100}`,
        labels: { 'kubernetes.io/service-name': `web-${i}` },
      },
      addressType: 'IPv4',
      endpoints: [1, 2, 3].map((n) => ({ addresses: [`198.18.${i % 250}.${n}`] })),
      ports: [{ port: 8080 }],
    },
  ])
}
