import { hostNames, plainSetup } from '../peers/peer.ts'
import { closedLoop } from './closed-loop.ts'
import { type Bench, type Entrant, entrantsOf, type Workload } from './workload.ts'

const few = 100
const many = 20_000

/** The same hundred hosts are asked for, so that only the table differs. */
export function hosts(bench: Bench): Workload {
  const entrants = entrantsOf(bench, ['hosts']).flatMap(({ peer }) =>
    [few, many].map(
      (count): Entrant => ({
        label: labelOf(peer.name, count),
        peer,
        setup: { ...plainSetup, hosts: count },
        comparedTo: labelOf(peer.name, few),
      }),
    ),
  )
  return closedLoop(bench, {
    name: 'hosts',
    title: 'Hosts in the table',
    notes: [`Requests for the same ${few} hosts in turn. Ratios are to the same proxy with ${few} hosts.`],
    entrants,
    load: { hosts: hostNames(few) },
  })
}

function labelOf(name: string, count: number): string {
  return `${name}, ${count.toLocaleString('en')} hosts`
}
