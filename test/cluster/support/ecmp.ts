import { expect } from 'vitest'
import type { Bed } from './bed.ts'
import { appHost } from './exposed-app.ts'
import { longestGap, lossesOf } from './gaps.ts'
import { broken, nodesOfKept } from './kept.ts'
import { inSeconds, type MeasuredRow } from './measured.ts'
import { listPods } from './objects.ts'
import { type Probe, startProbe } from './probe.ts'
import { until } from './until.ts'

const connections = 12

export type EcmpWay = {
  readonly name: string
  readonly url: string
  /** The node takes back its route, and keeps on running. */
  readonly withdraw: (node: string) => Promise<void>
  readonly announce: (node: string) => Promise<void>
  /** Resolves when the router has so many routes to the address. */
  readonly routes: (count: number) => Promise<void>
}

/** Two nodes announce one address. One of them withdraws, comes back, and dies: what of connections, old and new? */
export async function tryEcmp(bed: Bed, way: EcmpWay): Promise<MeasuredRow> {
  await way.routes(2)
  const withdrawn = await whileGone(bed, way, {
    leave: () => way.withdraw('n1'),
    comeBack: () => way.announce('n1'),
  })
  const died = await whileGone(bed, way, {
    leave: () => bed.cutOff('n1'),
    async comeBack() {
      await bed.rejoin('n1')
      await bed.kubectl(['wait', '--for=condition=Ready', 'node/n1', '--timeout=60s'])
    },
  })
  return {
    way: way.name,
    facts: { 'connections go to': 'both nodes', 'connections through the other node': 'none cut' },
    measures: {
      'a node withdraws': withdrawn.text,
      'a node dies': died.text,
      [`when it comes back, cut of ${connections} connections`]: `${withdrawn.cut}, then ${died.cut}`,
    },
  }
}

/** Resolves when the client outside has so many ways to the address. */
export async function hasRoutes(bed: Bed, address: string, count: number): Promise<void> {
  const family = address.includes(':') ? '-6' : '-4'
  await until(`${count} routes to ${address}`, async () => {
    const { stdout } = await bed.runAsClient('ip', [family, 'route', 'show', address])
    return stdout.match(/via /g)?.length === count
  })
}

type Leaving = { readonly leave: () => Promise<void>; readonly comeBack: () => Promise<void> }

async function whileGone(bed: Bed, way: EcmpWay, { leave, comeBack }: Leaving): Promise<{ text: string; cut: number }> {
  const probe = startProbe(bed, [
    { name: 'kept', url: way.url, host: appHost, kept: connections },
    { name: 'new', url: way.url, host: appHost },
  ])
  try {
    const pods = await listPods(bed, 'headgate', 'app.kubernetes.io/name=headgate')
    const nodes = await nodesOfKept(probe, 'kept', connections, pods)
    expect(new Set(nodes.values())).toEqual(new Set(['n1', 'n2']))
    const leftAt = Date.now()
    let text: string
    try {
      await leave()
      await way.routes(1)
      await probe.answered('new', Date.now() + 1000)
      expect(broken(probe, 'kept', nodes, 'n2')).toEqual([])
      text = describe(probe, leftAt)
    } finally {
      await comeBack()
    }
    await way.routes(2)
    // Long enough for each kept connection to be used again, and to be given up if nobody answers.
    await probe.answered('new', Date.now() + 2500)
    return { text, cut: broken(probe, 'kept', nodes, 'n2').length }
  } finally {
    probe.stop()
  }
}

function describe(probe: Probe, leftAt: number): string {
  const { share, lastMs } = lossesOf(probe.attempts, 'new', leftAt)
  if (share === 0)
    return `no new connection fails; no gap longer than ${inSeconds(longestGap(probe.attempts, 'new', leftAt))}`
  return `${Math.round(share * 100)} % of new connections fail, for ${inSeconds(lastMs)}`
}
