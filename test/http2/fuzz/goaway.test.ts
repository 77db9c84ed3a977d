import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../../src/proxy/http2/limits.ts'
import { data, frame, frameType, headers, preface, settingsFrame } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { Subject } from './subject.ts'

const post = encodeBlock([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'a'],
  [':path', '/'],
])

describe('a connection that ends with an error', () => {
  // Before, credit for the bodies that nobody had taken was given behind it.
  it('says nothing more than GOAWAY', () => {
    const limits = { ...defaultLimits, streamWindow: 1_000, connectionWindow: 1_000 }
    const manner = { takes: false, hints: false, answerBytes: 0, trailers: undefined }
    const subject = new Subject({ limits, mannerOf: () => manner })
    const body = data(1, Buffer.alloc(600))
    const wrong = frame(frameType.ping, 0, 1, Buffer.alloc(8))
    subject.receive(Buffer.concat([preface, settingsFrame(), headers(1, post), body, wrong]))
    subject.take()
    expect(subject.check.goaway).toMatchObject({ code: 1 })
    expect(subject.fault).toBe(undefined)
  })
})
