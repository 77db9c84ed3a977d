import { describe, expect, it } from 'vitest'
import { passingTrailers } from '../../src/proxy/request-trailers.ts'

const passing = (...list: string[]): readonly string[] | undefined => passingTrailers(list)?.list

describe('what passes of the fields behind the body of a request', () => {
  it('passes what says something about the body, in order and as it was written', () => {
    expect(passing('Digest', 'sha-256=x', 'X-Checksum', 'a', 'x-checksum', 'b')).toEqual([
      'Digest',
      'sha-256=x',
      'X-Checksum',
      'a',
      'x-checksum',
      'b',
    ])
  })

  it.each([
    ['frames a message', ['Content-Length', '5', 'Transfer-Encoding', 'chunked', 'Trailer', 'x', 'TE', 'trailers']],
    ['routes a request', ['Host', 'other.example.com', 'Connection', 'close', 'Upgrade', 'websocket']],
    [
      'says who asks',
      ['X-Forwarded-For', '10.0.0.1', 'X-Request-ID', 'mine', 'Authorization', 'Basic x', 'Cookie', 'a=b'],
    ],
    [
      'says how the body is to be read',
      ['Content-Type', 'text/html', 'Content-Encoding', 'gzip', 'Content-Range', 'x'],
    ],
    ['puts a condition', ['If-Match', '*', 'If-None-Match', '*', 'Range', 'bytes=0-1', 'Cache-Control', 'no-cache']],
    ['some servers read as another name', ['X_Real_IP', '10.0.0.1']],
    ['would be two lines', ['X-A', 'b\r\nHost: other.example.com']],
  ])('drops what %s', (_what, list) => {
    expect(passing(...list)).toBeUndefined()
    expect(passing('X-Kept', 'yes', ...list)).toEqual(['X-Kept', 'yes'])
  })

  it('has nothing where there is nothing', () => {
    expect(passing()).toBeUndefined()
  })
})
