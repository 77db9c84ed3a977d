import { accessLog } from './access-log.ts'
import { chunked, response1m, response64k, upload } from './bodies.ts'
import { halfRate } from './half-rate.ts'
import { hosts } from './hosts.ts'
import { http2, http2OneConnection, http2OneStream, http2Response64k } from './http2.ts'
import { idleMemory } from './idle-memory.ts'
import { fullHandshakes, newConnections, resumedHandshakes } from './new-connections.ts'
import { openConnections } from './open-connections.ts'
import { smallGet, smallGetTls } from './small-get.ts'
import { tableChanges } from './table-changes.ts'
import { websocket } from './websocket.ts'
import { workers } from './workers.ts'
import type { Bench, Workload } from './workload.ts'

/** In the order of the report. `only`: names; undefined means all. */
export function chooseWorkloads(bench: Bench, only: readonly string[] | undefined): readonly Workload[] {
  const all = allWorkloads(bench)
  const unknown = only?.filter((name) => !all.some((workload) => workload.name === name)) ?? []
  if (unknown.length > 0)
    throw new Error(`no workload is called ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`)
  return all.filter(({ name, entrants }) => (only?.includes(name) ?? true) && entrants.length > 0)
}

function allWorkloads(bench: Bench): readonly Workload[] {
  return [
    smallGet(bench),
    smallGetTls(bench),
    http2(bench),
    http2OneConnection(bench),
    http2OneStream(bench),
    http2Response64k(bench),
    accessLog(bench),
    newConnections(bench),
    fullHandshakes(bench),
    resumedHandshakes(bench),
    response64k(bench),
    response1m(bench),
    upload(bench),
    chunked(bench),
    websocket(bench),
    hosts(bench),
    openConnections(bench),
    idleMemory(bench, 'plain'),
    idleMemory(bench, 'tls'),
    idleMemory(bench, 'h2'),
    halfRate(bench),
    tableChanges(bench),
    workers(bench),
  ]
}
