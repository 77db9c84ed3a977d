import { setImmediate as turn } from 'node:timers/promises'
import { CarefulClient } from '../support/careful-client.ts'
import * as frames from '../support/frames.ts'
import { below, oneIn, pick, type Random } from '../support/random.ts'
import { ConnectionEnded, type Where } from '../support/raw-http2.ts'
import { type ConnectionPlan, newPlan, newSettings } from './connection-plan.ts'
import type { Endpoint } from './endpoint.ts'
import { exchange } from './exchange.ts'
import { newScript } from './script.ts'
import { tunnel } from './tunnel.ts'

export type SoakedConnection = {
  readonly where: Where
  readonly endpoint: Endpoint
  /** No other has it. */
  readonly name: string
  readonly random: Random
}

export type Counts = { requests: number; aborted: number; tunnels: number; connections: number; cut: number }

export const noCounts: Readonly<Counts> = { requests: 0, aborted: 0, tunnels: 0, connections: 0, cut: 0 }

/** One connection with its requests, from its preface to its end. Rejects with what was not as it must be. */
export async function soakConnection(options: SoakedConnection, counts: Counts): Promise<void> {
  const { where, random } = options
  const plan = newPlan(random)
  const client = await CarefulClient.open(where, plan.settings, plan.credit)
  const isFed = feedConnection(client, plan)
  try {
    await runRequests(client, plan, options, counts)
    if (client.goaway !== undefined) throw new Error(`it was sent away: ${client.goaway.code}`)
  } catch (error) {
    if (!(error instanceof ConnectionEnded) || plan.cutAfter === undefined) throw error
  } finally {
    isFed()
    leave(client, plan)
    counts.connections++
    if (plan.cutAfter !== undefined) counts.cut++
  }
  if (client.fault !== undefined) throw new Error(client.fault)
}

async function runRequests(client: CarefulClient, plan: ConnectionPlan, options: SoakedConnection, counts: Counts) {
  const { endpoint, name, random } = options
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < plan.requests && !client.wire.ended) {
      const id = `${name}-${next++}`
      if (next === plan.cutAfter) return cut(client, random)
      disturb(client, plan, random)
      if (oneIn(random, 15)) {
        await runTunnel({ client, id, random })
        counts.tunnels++
        continue
      }
      const script = newScript(random)
      endpoint.scripts.set(id, script)
      const fault = await exchange({ client, id, script, random })
      if (fault !== undefined) throw new Error(`${fault} of ${id}, ${JSON.stringify(script)}`)
      endpoint.scripts.delete(id)
      counts.requests++
      if (script.abortsAt !== 'never') counts.aborted++
    }
  }
  await Promise.all(Array.from({ length: plan.atOnce }, lane))
}

async function runTunnel(options: Parameters<typeof tunnel>[0]): Promise<void> {
  const fault = await tunnel(options)
  if (fault !== undefined) throw new Error(`${fault} of ${options.id}`)
}

/** Now, or as soon as something more came. */
async function cut(client: CarefulClient, random: Random): Promise<void> {
  for (let turns = below(random, 30); turns > 0; turns--) await turn()
  if (oneIn(random, 2)) client.wire.reset()
  else client.wire.close()
}

function leave(client: CarefulClient, { ending }: ConnectionPlan): void {
  if (ending === 'reset') client.wire.reset()
  else if (client.wire.ended) client.wire.close()
  else {
    if (ending === 'goaway') client.wire.send(frames.goaway(0, frames.errorCode.none))
    client.wire.end()
  }
}

function feedConnection(client: CarefulClient, { isLate }: ConnectionPlan): () => void {
  return client.wire.watch(() => {
    const isLow = isLate ? client.receiveWindow <= 0 : client.uncredited > 32_768
    if (isLow && !client.wire.ended && client.uncredited > 0) client.credit(undefined, client.uncredited)
  })
}

/** What a client may send between its requests, and means nothing. */
function disturb(client: CarefulClient, plan: ConnectionPlan, random: Random): void {
  if (oneIn(random, plan.changesOneIn)) client.changeSettings(newSettings(random))
  if (!oneIn(random, plan.noiseOneIn)) return
  const id = 1 + 2 * below(random, 1 + client.nextId / 2)
  const noise = [
    frames.ping(below(random, 1_000)),
    frames.priority(id, id === 1 ? 3 : 1, below(random, 256)),
    frames.priorityUpdate(id, `u=${below(random, 8)}, i`),
    frames.frame(0xfa, below(random, 256), id, Buffer.alloc(below(random, 100))),
  ]
  if (oneIn(random, 6)) client.credit(undefined, 1 + below(random, 1_000))
  else client.wire.send(pick(random, noise))
}
