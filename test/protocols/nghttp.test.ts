import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { run } from '../cluster/bed/run.ts'
import { pattern, sha256 } from './support/pattern.ts'
import { isSkipped } from './support/programs.ts'
import { useFront } from './support/use-front.ts'

describe.skipIf(isSkipped('nghttp'))('nghttp', () => {
  const { front } = useFront({ program: 'nghttp' })
  let upload: string

  beforeAll(async () => {
    upload = join(front().folder, 'upload')
    await writeFile(upload, pattern(200_000))
  })

  const nghttp = (options: readonly string[], ...paths: readonly string[]): Promise<string> => {
    const urls = paths.map((path) => `https://127.0.0.1:${front().headgate.https}${path}`)
    return run('nghttp', ['--no-verify-peer', '--timeout=30', ...options, ...urls])
  }

  it('gets many resources over one connection', async () => {
    const paths = Array.from({ length: 20 }, (_, index) => `/bytes/${1_000 + index}`)
    const table = await nghttp(['--null-out', '--stat', '--multiply=15'], ...paths)
    const rows = [...table.matchAll(/^ *\d+ .* (\d{3}) +\S+ (\/bytes\/\d+)$/gm)]
    const answered = paths.map((path) => rows.filter(([, code, asked]) => asked === path && code === '200').length)
    expect(answered).toEqual(paths.map(() => 15))
  })

  it('reads the trailers of an answer', async () => {
    const frames = await nghttp(['--verbose', '--null-out'], '/trailers')
    expect(frames).toMatch(/recv DATA frame.*x-sum: of the body.*recv HEADERS frame.*END_STREAM/s)
  })

  it('sends trailers, which reach the endpoint', async () => {
    // In HTTP/1.1, which the endpoint speaks, a body with a length has none.
    const options = [`--data=${upload}`, '--no-content-length', '--trailer=x-sum: of the upload']
    const answer = await nghttp(options, '/sent-trailers')
    expect(JSON.parse(answer)).toEqual({ 'x-sum': 'of the upload' })
  })

  it.each([
    ['without a length', ['--no-content-length']],
    ['in padded frames', ['--padding=200']],
    ['when it is told to go on', ['--expect-continue']],
  ])('uploads a body %s', async (_how, options) => {
    const answer = await nghttp([`--data=${upload}`, ...options], '/sum')
    expect(JSON.parse(answer)).toEqual({ bytes: 200_000, sha256: sha256(pattern(200_000)) })
  })

  it('gets a body through windows of 1,023 bytes', async () => {
    const body = await nghttp(['--window-bits=10', '--connection-window-bits=10'], '/bytes/300000')
    expect(sha256(Buffer.from(body))).toBe(sha256(pattern(300_000)))
  })

  it('gets 40 MB, for which it widens windows a few thousand times', async () => {
    const body = await nghttp([], '/bytes/40000000')
    expect(sha256(Buffer.from(body))).toBe(sha256(pattern(40_000_000)))
  })

  it.each([0, 100, 65_536])('keeps an HPACK table of %i bytes', async (size) => {
    const options = [`--header-table-size=${size}`, `--encoder-header-table-size=${size}`, '--null-out', '--stat']
    const table = await nghttp([...options, '--multiply=20'], '/bytes/100', '/empty')
    expect(table.match(/ 200 +\S+ \/bytes\/100$/gm)).toHaveLength(20)
    expect(table.match(/ 204 +\S+ \/empty$/gm)).toHaveLength(20)
  })
})
