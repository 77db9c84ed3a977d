import { headgatePeers } from '../peers/headgate.ts'
import { nginx } from '../peers/nginx.ts'
import type { Peer } from '../peers/peer.ts'

/** One proxy at one kind of work. */
export type Row = {
  readonly group: 'HTTP/1.1' | 'HTTP/1.1 + TLS' | 'HTTP/2 + TLS'
  readonly lane: 'nginx' | 'fast' | 'standard' | 'h2'
  readonly peer: Peer
}

export type RowOptions = { readonly lane: string; readonly tls: boolean | undefined; readonly built: boolean }

/** nginx comes first in each group, the one that all others are compared with. */
export function rowsFor({ lane, tls, built }: RowOptions): readonly Row[] {
  const [fast, standard] = ['headgate', 'headgate-standard'].map((name) => peerNamed(name, built))
  if (fast === undefined || standard === undefined) throw new Error('bench/peers has no such Headgate')
  const http1 = [
    { lane: 'nginx', peer: nginx },
    { lane: 'fast', peer: fast },
    { lane: 'standard', peer: standard },
  ] as const
  const http2 = [
    { lane: 'nginx', peer: nginx },
    { lane: 'h2', peer: fast },
  ] as const
  const rows: readonly Row[] = [
    ...http1.map((row) => ({ ...row, group: 'HTTP/1.1' }) as const),
    ...http1.map((row) => ({ ...row, group: 'HTTP/1.1 + TLS' }) as const),
    ...http2.map((row) => ({ ...row, group: 'HTTP/2 + TLS' }) as const),
  ]
  if (lane === 'all') return rows.filter(({ group }) => tls === undefined || (group !== 'HTTP/1.1') === tls)
  const groups = new Set(rows.filter((row) => row.lane === lane).map(({ group }) => group))
  const group = tls === true ? [...groups].at(-1) : [...groups][0]
  return rows.filter((row) => row.group === group && (row.lane === lane || row.lane === 'nginx'))
}

function peerNamed(name: string, built: boolean): Peer | undefined {
  return headgatePeers(built).find((peer) => peer.name === name)
}

/** The same program, run by a Node that says more about itself. */
export function withNodeFlags(peer: Peer, flags: readonly string[]): Peer {
  return {
    ...peer,
    async prepare(site) {
      const [program = '', ...args] = await peer.prepare(site)
      return program === process.execPath ? [program, ...flags, ...args] : [program, ...args]
    },
  }
}
