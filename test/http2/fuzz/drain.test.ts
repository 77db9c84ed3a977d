import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../../src/proxy/http2/limits.ts'
import { data, errorCode, headers, preface, resetStream, settingsFrame, windowUpdate } from '../support/frames.ts'
import { encodeBlock, type Field } from '../support/header-block.ts'
import { Subject } from './subject.ts'

const post: readonly Field[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':authority', 'a'],
  [':path', '/'],
]

const manner = { takes: true, hints: false, answerBytes: 10, trailers: undefined }

function newSubject(): Subject {
  const subject = new Subject({ limits: defaultLimits, mannerOf: () => manner })
  subject.receive(Buffer.concat([preface, settingsFrame(), headers(1, encodeBlock(post))]))
  return subject
}

describe('a connection that drains', () => {
  it('leaves alone what was on its way when its GOAWAY was: a whole request, with body, trailers, window and reset', () => {
    const subject = newSubject()
    subject.connection.drain()
    const late = [
      headers(3, encodeBlock(post)),
      data(3, Buffer.from('body')),
      windowUpdate(3, 100),
      headers(3, encodeBlock([['x-sum', '1']]), { end: true }),
      headers(5, encodeBlock(post)),
      resetStream(5, errorCode.cancel),
    ]
    for (const frame of late) subject.receive(frame)
    subject.take()
    expect(subject.connection.isEnded).toBe(false)
    expect(subject.users).toHaveLength(1)
    subject.receive(data(1, Buffer.from('the rest'), { end: true }))
    for (const user of subject.users) user.answer()
    subject.take()
    expect(subject.connection.isEnded).toBe(true)
    expect(subject.check.streams.get(1)?.isEnded).toBe(true)
    expect([...subject.check.streams.keys()]).toEqual([1])
    expect(subject.check.goaway).toMatchObject({ code: 0, lastStreamId: 1 })
    expect(subject.fault).toBe(undefined)
  })
})

describe('a connection that has refused a stream', () => {
  it('leaves alone what of it was on its way', () => {
    const subject = new Subject({ limits: { ...defaultLimits, streams: 1 }, mannerOf: () => manner })
    subject.receive(Buffer.concat([preface, settingsFrame(), headers(1, encodeBlock(post))]))
    subject.receive(headers(3, encodeBlock(post)))
    subject.take()
    subject.receive(data(3, Buffer.from('body')))
    subject.receive(headers(3, encodeBlock([['x-sum', '1']]), { end: true }))
    subject.take()
    expect(subject.check.streams.get(3)?.resetCode).toBe(errorCode.refused)
    expect(subject.connection.isEnded).toBe(false)
    subject.close()
    expect(subject.fault).toBe(undefined)
  })
})
