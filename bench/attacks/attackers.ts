import {
  type Attack,
  attack as floodOnce,
  get,
  head,
  largeGet,
  openAttack,
  openId,
  post,
} from '../../test/http2/attacks/attack.ts'
import { bombBlock, hoard, tinyPieces } from '../../test/http2/attacks/burdens.ts'
import { headerFloods, idleFloods, resetFloods } from '../../test/http2/attacks/floods.ts'
import * as frames from '../../test/http2/support/frames.ts'
import { encodeBlock } from '../../test/http2/support/header-block.ts'
import { RawHttp2, type Where } from '../../test/http2/support/raw-http2.ts'

/** One connection of an attacker: resolves with the steps it has made when it is cut off, or the time is over. */
export type Attacker = {
  readonly name: string
  attack(where: Where, untilMs: number): Promise<Outcome>
}

export type Outcome = { readonly steps: number; readonly isCut: boolean; readonly code: number | undefined }

/** Of one connection: no load is without a bound. */
const maxSteps = 100_000

function flooding(flood: Attack): Attacker {
  return {
    name: flood.name,
    async attack(where, untilMs) {
      const wire = await openAttack(where, flood)
      const batch = 200
      let steps = 0
      const shifted: Attack = { ...flood, step: (id, n) => flood.step(id + 2 * steps, n + steps) }
      while (steps < maxSteps && performance.now() < untilMs && !wire.ended) {
        const done = await floodOnce(wire, shifted, batch)
        steps += done
        // Frames that nobody looks at would be a burden to the attacker alone.
        if (wire.frames.length > 1_000) wire.frames = wire.frames.slice(-10)
      }
      if (!wire.ended) await wire.untilEnd(500).catch(() => {})
      return outcomeOf(wire, steps)
    },
  }
}

function outcomeOf(wire: RawHttp2, steps: number): Outcome {
  const goaway = wire.frames.find(({ type }) => type === frames.frameType.goaway)
  const isCut = wire.ended
  wire.close()
  return { steps, isCut, code: goaway?.payload.readUInt32BE(4) }
}

/** It begins with these bytes, says more of them each second, and waits. */
function waiting(name: string, opening: Buffer, drip: Buffer = Buffer.alloc(0), reads = true): Attacker {
  return {
    name,
    async attack(where, untilMs) {
      const wire = await RawHttp2.open(where)
      if (!reads) wire.socket.pause()
      wire.send(opening)
      let steps = 0
      const timer = setInterval(() => drip.length > 0 && wire.send(drip.subarray(steps, ++steps)), 1_000)
      await wire.untilEnd(Math.max(1, untilMs - performance.now())).catch(() => {})
      clearInterval(timer)
      return outcomeOf(wire, steps)
    },
  }
}

const begin = Buffer.concat([frames.preface, frames.settingsFrame()])
const endless = { most: undefined, code: 0, requests: 0 }
const upload = frames.data(openId, Buffer.alloc(1))

/** Sends as much as it is allowed to and reads nothing. */
function unread(name: string, opening: Buffer, step: (id: number) => Buffer): Attacker {
  return {
    name,
    async attack(where, untilMs) {
      const wire = await RawHttp2.open(where)
      wire.socket.pause()
      wire.send(Buffer.concat([begin, opening]))
      let steps = 0
      while (steps < maxSteps && performance.now() < untilMs && !wire.socket.destroyed && !wire.ended) {
        if (!wire.socket.writableNeedDrain) for (let i = 0; i < 100; i++) wire.send(step(openId + 2 + 2 * steps++))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      wire.socket.resume()
      await wire.untilEnd(500).catch(() => {})
      return outcomeOf(wire, steps)
    },
  }
}

/** Asked for nowhere, so that we answer by ourselves: what allows for one more reset. */
const nowhere = [...get.slice(0, 2), [':authority', 'nowhere.example.com'], [':path', '/']] as const

/** Each reset is paid for by an answer, and comes when its request is on its way. */
const paidResets: Attacker = {
  name: 'as many answers as requests that are reset',
  async attack(where, untilMs) {
    const wire = await openAttack(where, { ...endless, name: 'paid', step: () => upload })
    let steps = 0
    while (steps < maxSteps && performance.now() < untilMs && !wire.ended) {
      const ids = Array.from({ length: 20 }, () => openId + 4 * steps++)
      wire.send(
        Buffer.concat(ids.flatMap((id) => [head(id, nowhere, { end: true }), head(id + 2, get, { end: true })])),
      )
      await new Promise((resolve) => setTimeout(resolve, 2))
      wire.send(Buffer.concat(ids.map((id) => frames.resetStream(id + 2, frames.errorCode.cancel))))
      if (wire.frames.length > 1_000) wire.frames = wire.frames.slice(-10)
    }
    return outcomeOf(wire, steps)
  },
}

const burdens: readonly Attacker[] = [
  paidResets,
  flooding({ ...endless, name: 'more streams than allowed', step: (id) => head(id, get, { end: true }) }),
  flooding({
    ...endless,
    name: 'HPACK bomb',
    step: (id, n) => frames.headers(id, bombBlock(n === 0), { end: true }),
  }),
  {
    name: '100 answers of 1 MB without a window',
    async attack(where, untilMs) {
      const client = await hoard(where)
      await client.wire.untilEnd(Math.max(1, untilMs - performance.now())).catch(() => {})
      return outcomeOf(client.wire, 100)
    },
  },
  {
    name: 'DATA of one byte that no endpoint takes',
    async attack(where, untilMs) {
      const ids = [1, 3, 5, 7]
      const opening = (): Buffer => Buffer.concat(ids.map((id) => head(id, [...post.slice(0, 3), [':path', '/deaf']])))
      const wire = await openAttack(where, { ...endless, name: 'tiny', opening, step: () => upload })
      let steps = 0
      for (const piece of tinyPieces(ids, 250_000)) {
        if (performance.now() > untilMs || wire.ended) break
        wire.send(piece)
        steps += 500
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      await wire.untilEnd(Math.max(1, untilMs - performance.now())).catch(() => {})
      return outcomeOf(wire, steps)
    },
  },
  unread('PING beside DATA, nothing read', head(openId, post), () =>
    Buffer.concat([upload, frames.ping(), frames.ping(), frames.ping()]),
  ),
  unread('answers that nobody reads', Buffer.alloc(0), (id) =>
    head(id, [[':method', 'HEAD'], ...largeGet.slice(1)], { end: true }),
  ),
  waiting('silence behind the handshake', Buffer.alloc(0)),
  waiting('silence behind the preface', frames.preface),
  waiting('a preface of a byte a second', frames.preface.subarray(0, 4), frames.preface.subarray(4)),
  waiting('a header list that does not end', Buffer.concat([begin, frames.frame(1, 0, 1, encodeBlock(get))])),
  waiting(
    'a body of a byte a second',
    Buffer.concat([begin, head(openId, post), frames.data(openId, Buffer.alloc(5_000)).subarray(0, 20)]),
    Buffer.alloc(4_000),
  ),
]

export const attackers: readonly Attacker[] = [
  ...[...resetFloods, ...headerFloods, ...idleFloods].map(flooding),
  ...burdens,
]
