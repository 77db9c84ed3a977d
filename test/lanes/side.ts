import { setTimeout as sleep } from 'node:timers/promises'
import type { Headgate } from '../support/headgate.ts'
import { startHeadgate } from '../support/headgate.ts'
import type { Http1Lane } from '../support/lanes.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import type { RawClient } from '../support/raw-client.ts'
import { host } from './corpus/case.ts'
import { lastBody, lastPath, type Recorder, startRecorder } from './recorder.ts'

/** How the bytes of a case leave the client: all pieces at once, each a moment later, or each after the answer to the last. */
export type Delivery = { readonly pieces: readonly string[]; readonly wait: 'moment' | 'answer' }

/** What a client and an endpoint saw of one case. */
export type Outcome = {
  readonly statuses: readonly number[]
  /** What the client received, but for what differs from one time to the next. */
  readonly received: string
  readonly upstream: string
  /** `answered`: the request behind the case was; `ended`: the connection was, before that. */
  readonly end: 'answered' | 'ended' | 'silent'
}

/** Cases run beside one another, each slot with a host and an endpoint of its own: bytes of one are never taken for another's. */
export const slots = 16

/** No single change makes one of the other: aaa.test, bbb.test, … */
const domainOf = (slot: number): string => `${String.fromCharCode(0x61 + slot).repeat(3)}.test`

const runText = (run: number): string => String(run).padStart(5, '0')

/** As long as `host`. Each run has its own, so that what comes late of another is known: r00017.aaa.test. */
const hostOf = (slot: number, run: number): string => `r${runText(run)}.${domainOf(slot)}`

/** A slot, and the number of this run: larger than that of any before it. */
type Place = { readonly slot: number; readonly run: number }

/** A Headgate with endpoints that write down what comes. */
export type Side = {
  readonly headgate: Headgate
  run(place: Place, delivery: Delivery, patienceMs: number): Promise<Outcome>
  close(): Promise<void>
}

export async function startSide(lane: Http1Lane): Promise<Side> {
  const recorders = await Promise.all(Array.from({ length: slots }, startRecorder))
  const yaml = toYaml(
    recorders.flatMap(({ port }, slot) => [
      ingress({ name: `slot-${slot}`, host: `*.${domainOf(slot)}`, paths: [{ service: `slot-${slot}` }] }),
      ...service(`slot-${slot}`, [port]),
    ]),
  )
  const headgate = await startHeadgate({ manifests: { 'slots.yaml': yaml }, flags: lane.flags })
  return {
    headgate,
    async run(place, delivery, patienceMs) {
      const recorder = recorders[place.slot]
      if (recorder === undefined) throw new Error(`no slot ${place.slot}`)
      return runCase(() => lane.open(headgate), recorder, place, delivery, patienceMs)
    },
    async close() {
      await headgate.stop()
      for (const recorder of recorders) await recorder.close()
    },
  }
}

async function runCase(
  open: () => Promise<RawClient>,
  recorder: Recorder,
  { slot, run }: Place,
  { pieces, wait }: Delivery,
  patienceMs: number,
): Promise<Outcome> {
  let client = await open()
  let before = ''
  for (const piece of withHost(pieces, hostOf(slot, run))) {
    if (wait === 'answer' && client.ended && wasAnsweredUnread(client.received)) {
      before += client.received
      client = await open()
    }
    if (client.ended) break
    const answers = statusesIn(client.received).length
    client.send(piece)
    // Long enough for most pieces to be read one by one; where they are not, the case is another one, not a failure.
    if (wait === 'moment') await sleep(2)
    else await untilSeen(client, (received) => statusesIn(received).length > answers, patienceMs)
    if (wait === 'answer' && wasAnsweredUnread(client.received)) await untilSeen(client, () => false, patienceMs / 2)
  }
  await untilSeen(client, isLast, patienceMs)
  const received = before + client.received
  const end = isLast(received) ? 'answered' : client.ended ? 'ended' : 'silent'
  client.close()
  // Half a request must not be going on when the next case begins.
  await recorder.untilWhole()
  const upstream = recorder.take().filter((request) => !isOfEarlierRun(request, run))
  return {
    statuses: statusesIn(received),
    received: masked(received, run),
    upstream: masked(upstream.join(''), run),
    end,
  }
}

const isLast = (received: string): boolean => received.endsWith(`\r\n\r\n${lastBody}`)

/** As long as before: the pieces are cut at the same places. */
function withHost(pieces: readonly string[], ours: string): readonly string[] {
  const bytes = pieces.join('').replaceAll(host, ours).replaceAll(host.toUpperCase(), ours.toUpperCase())
  let at = 0
  return pieces.map(({ length }) => {
    at += length
    return bytes.slice(at - length, at)
  })
}

/**
 * The standard lane answers some requests before it has looked at their body, and then ends the connection; the fast lane may
 * have it already, and go on. Only where nothing was wrong with the request but that nobody serves it.
 */
function wasAnsweredUnread(received: string): boolean {
  return /\r\nConnection: close\r\n/.test(received) && [404, 503].includes(statusesIn(received).at(-1) ?? 0)
}

/** Sent behind each case: its answer shows that the connection is in step. */
export const last = `GET ${lastPath} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

async function untilSeen(client: RawClient, test: (received: string) => boolean, patienceMs: number): Promise<void> {
  const timer = new AbortController()
  const seen = client.until(test).catch(() => {})
  await Promise.race([seen, sleep(patienceMs, undefined, timer).catch(() => {})])
  timer.abort()
}

/** Of a client that was not waited for any longer. */
function isOfEarlierRun(request: string, run: number): boolean {
  return [...request.matchAll(/r(\d{5})\.[a-p]{3}\.test/gi)].some(([, number]) => Number(number) < run)
}

/** Final ones; no body of ours has such text in it. */
function statusesIn(received: string): readonly number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
    .map(([, status]) => Number(status))
    .filter((status) => status >= 200)
}

/** Without request ids that were made, the number of the run, the time, and what is said about the connection alone. */
function masked(bytes: string, run: number): string {
  return bytes
    .replace(/\b[0-9a-f]{32}\b/g, '(id)')
    .replace(new RegExp(`(?<=r)${runText(run)}|(?<=r)\\d{1,5}$`, 'gi'), '-----')
    .replace(/^(?:Date|Connection|Keep-Alive): .*\r\n/gim, '')
}
