import { plainSetup } from '../peers/peer.ts'
import { closedLoop } from './closed-loop.ts'
import { type Bench, type Entrant, entrantsOf, type Workload } from './workload.ts'

/** Each peer without and with its log, one after the other. */
export function accessLog(bench: Bench): Workload {
  const entrants = entrantsOf(bench, ['access-log']).flatMap(({ peer }): readonly Entrant[] => {
    const comparedTo = `${peer.name}, log off`
    return [
      { label: comparedTo, peer, setup: plainSetup, comparedTo },
      { label: `${peer.name}, log on`, peer, setup: { ...plainSetup, accessLog: true }, comparedTo },
    ]
  })
  return closedLoop(bench, {
    name: 'access-log',
    title: 'Small GET, HTTP/1.1, keep-alive, with an access log of JSON lines',
    notes: [
      'Ratios are to the same proxy without its log. nginx and Caddy write a file, HAProxy and Headgate their standard output, which is one.',
    ],
    entrants,
    share: 0.67,
  })
}
