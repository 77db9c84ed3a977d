import { type Churn, changesPerSecond } from './churn.ts'
import type { ColdStart } from './cold-start.ts'
import type { Measured, Samples } from './measure.ts'
import { formatTable, spreadOf } from './statistics.ts'

type Row = readonly string[]

export function propagationRows(size: number, { ingress, endpoints }: Measured): readonly Row[] {
  return [...rowsOf(size, 'Ingress', ingress), ...rowsOf(size, 'EndpointSlice', endpoints)]
}

function rowsOf(size: number, kind: string, { watch, first, every }: Samples): readonly Row[] {
  const row = (what: string, values: readonly number[]): Row => {
    const { count, p50, p99, max } = spreadOf(values)
    return [`${size}`, kind, what, `${count}`, ...[p50, p99, max].map((ms) => ms.toFixed(1))]
  }
  return [row('served', first), row('served by every worker', every), row('told by a bare watch', watch)]
}

export function coldStartRow(size: number, { readySeconds, processes }: ColdStart): Row {
  const [primary, ...workers] = processes
  const megabytes = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(', ')
  return [
    `${size}`,
    readySeconds.toFixed(1),
    primary === undefined ? '' : `${primary.residentMb.toFixed(0)} (${primary.peakMb.toFixed(0)})`,
    megabytes(workers.map(({ residentMb }) => residentMb)),
  ]
}

export function churnRow(size: number, seconds: number, churn: Churn): Row {
  const { changes, requests, failed, quiet, busy, propagation } = churn
  const times = ({ p50, p99 }: { readonly p50: number; readonly p99: number }): string =>
    `${p50.toFixed(1)}, ${p99.toFixed(1)}`
  return [
    `${size}`,
    `${seconds}`,
    `${changes}`,
    `${requests}`,
    `${failed}`,
    times(quiet),
    times(busy),
    times(propagation),
  ]
}

export type Tables = {
  readonly propagation: readonly Row[]
  readonly coldStarts: readonly Row[]
  readonly churns: readonly Row[]
}

export function renderReport(machine: string, { propagation, coldStarts, churns }: Tables): string {
  return [
    `# Propagation\n\n${machine}. Written by \`npm run bench:propagation\`.\n`,
    [
      'The client outside changes an object at the API server and asks for its route over two kept connections, one to each worker,',
      'every millisecond or so. Milliseconds from the answer of the API server until the change is served. API server, etcd, kubelet,',
      'client and Headgate share the cores. A bare watch in the same client, told of the same changes, is what nobody can beat.',
      '',
    ].join('\n'),
    formatTable(['Ingresses', 'changed', 'until', 'changes', 'p50', 'p99', 'max'], propagation),
    'Cold start: from the start of the process in its container to ready, with all Ingresses there. Two hosts for each Ingress.\n',
    formatTable(['Ingresses', 'ready after s', 'primary MB (peak)', 'workers MB'], coldStarts),
    ...(churns.length === 0 ? [] : [churnText, formatTable(churnHead, churns)]),
  ].join('\n')
}

const churnText = `Churn: ${changesPerSecond} Ingresses a second get another host, while the client asks for hosts that stay. Milliseconds, p50 and p99.\n`

const churnHead = [
  'Ingresses',
  'seconds',
  'changes',
  'requests',
  'failed',
  'answered before',
  'meanwhile',
  'a change is served',
]
