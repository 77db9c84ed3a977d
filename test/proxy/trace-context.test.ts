import { describe, expect, it } from 'vitest'
import { passingLines } from '../../src/proxy/headers.ts'
import { isTraceparent } from '../../src/proxy/trace-context.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('a traceparent', () => {
  it.each([
    traceparent,
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff',
    '01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what the future will be like',
  ])('is %j', (value) => {
    expect(isTraceparent(value)).toBe(true)
  })

  it.each([
    '',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    `${traceparent}-more`,
    'cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0',
    `${traceparent},${traceparent}`,
  ])('is none of %j', (value) => {
    expect(isTraceparent(value)).toBe(false)
  })

  it('passes as it is, with tracestate', () => {
    const fields = ['Traceparent', traceparent, 'tracestate', 'a=1', 'tracestate', 'b=2', 'X-A', '1']
    expect(passingLines(fields)).toBe(`Traceparent: ${traceparent}\r\ntracestate: a=1\r\ntracestate: b=2\r\nX-A: 1\r\n`)
  })

  it.each([
    ['malformed', ['TraceParent', 'none', 'TraceState', 'a=1', 'tracestate', '', 'X-A', '1', 'X-Tracestate', '2']],
    ['said twice', ['tracestate', 'a=1', 'traceparent', traceparent, 'traceparent', traceparent, 'X-A', '1']],
  ])('goes where it is %s, and tracestate with it', (_what, fields) => {
    expect(passingLines(fields)).toMatch(/^X-A: 1\r\n(?:X-Tracestate: 2\r\n)?$/)
  })
})
