import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as frames from '../support/frames.ts'
import { errorCode } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { RawHttp2 } from '../support/raw-http2.ts'
import { fateOf, get } from './attack.ts'
import { type AttackBed, startAttackBed } from './bed.ts'

let bed: AttackBed

beforeAll(async () => {
  bed = await startAttackBed({ 'http2-preface-timeout': '1', 'http2-header-timeout': '1' })
})

afterAll(() => bed.close())

const unfinished = frames.frame(frames.frameType.headers, 0, 1, encodeBlock(get))
const calm = errorCode.enhanceYourCalm

describe('a client that takes its time', () => {
  it.concurrent.each([
    ['says nothing', Buffer.alloc(0)],
    ['says half of the preface', frames.preface.subarray(0, 12)],
    ['says the preface and nothing more', frames.preface],
    ['says half of its SETTINGS', Buffer.concat([frames.preface, frames.settingsFrame([[3, 1]]).subarray(0, 12)])],
    ['begins a header list and does not end it', Buffer.concat([frames.preface, frames.settingsFrame(), unfinished])],
  ])('and %s is sent away when the time for it is over', async (_what, bytes) => {
    const wire = await RawHttp2.open(bed.where)
    wire.send(bytes)
    expect(await bed.askAsOther()).toBe(200)
    await wire.untilEnd()
    expect(await fateOf(wire, 0)).toMatchObject({ goaway: calm, ended: true })
    wire.close()
  })

  it.concurrent.each([
    ['sends the preface byte by byte', frames.preface],
    [
      // Before, only a list in several frames had a time set for it.
      'sends a header list byte by byte',
      Buffer.concat([frames.preface, frames.settingsFrame(), frames.headers(1, encodeBlock(get))]),
    ],
  ])('and %s is sent away however often it says something', async (_what, bytes) => {
    const wire = await RawHttp2.open(bed.where)
    let at = bytes.length - 20
    wire.send(bytes.subarray(0, at))
    const drip = setInterval(() => {
      if (at < bytes.length - 1) wire.send(bytes.subarray(at, ++at))
    }, 250)
    await wire.untilEnd().finally(() => {
      clearInterval(drip)
      wire.close()
    })
    expect(await fateOf(wire, 0)).toMatchObject({ goaway: calm })
  })
})

describe('after all of them', () => {
  it('nothing is left open', () => bed.untilQuiet())
})
