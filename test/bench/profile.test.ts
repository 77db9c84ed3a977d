import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { barsSvg } from '../../bench/profile/bars-svg.ts'
import { flameSvg } from '../../bench/profile/flame-svg.ts'
import { tidyPerfMap } from '../../bench/profile/perf-map.ts'
import { sharesOf, sharesOfBoth } from '../../bench/profile/shares.ts'
import type { Frame, Stack } from '../../bench/profile/stack.ts'

const js = (name: string, file: string): Frame => ({ name, file, kind: 'javascript' })
const node = (name: string): Frame => ({ name, file: 'node', kind: 'native' })
const kernel: Frame = { name: 'tcp_sendmsg', file: 'kernel', kind: 'kernel' }
const lane = js('onRead', 'src/proxy/fast-lane/connection.ts')
const route = js('match', 'src/router/match.ts')
const loop = node('uv_run')

const categoryOf = (stack: Stack) => [...sharesOf([stack]).keys()][0]

describe('who a sample is charged to', () => {
  it('is the function that ran', () => {
    expect(categoryOf([route, lane, loop])).toBe('route')
    expect(categoryOf([kernel, node('node::LibuvStreamWrap::DoTryWrite'), lane])).toBe('kernel')
    expect(categoryOf([node('node::StreamBase::WriteString'), lane])).toBe('native')
  })

  it('is the caller of what V8 does for it', () => {
    expect(categoryOf([node('v8::internal::String::SlowFlatten'), node('Builtins_StringIndexOf'), route, lane])).toBe(
      'route',
    )
  })

  it('is the collector for all that happens below it', () => {
    expect(categoryOf([kernel, node('v8::internal::Heap::CollectGarbage'), route])).toBe('gc')
  })

  it('is TLS for OpenSSL in Node and beside nginx', () => {
    expect(categoryOf([node('SSL_read_ex'), node('node::crypto::TLSWrap::ClearOut')])).toBe('tls')
    expect(categoryOf([{ name: '[unknown]', file: 'libcrypto.so.3', kind: 'native' }])).toBe('tls')
  })
})

describe('perf and the profiler of V8 together', () => {
  it('share out what perf calls JavaScript as V8 tells it, and leave the rest alone', () => {
    const fromPerf = [[kernel], [kernel], [lane], [lane]]
    const fromV8 = [[lane], [route], [route], [route], [{ name: '(program)', file: 'V8', kind: 'native' } as const]]
    expect(Object.fromEntries(sharesOfBoth(fromPerf, fromV8))).toEqual({ kernel: 0.5, lane: 0.125, route: 0.375 })
  })

  it('say so where nothing was sampled', () => {
    expect(Object.fromEntries(sharesOf([]))).toEqual({ below: 1 })
  })
})

describe('the flame graph', () => {
  it('is of a size that can be kept, however many functions there are', () => {
    const stacks = Array.from({ length: 300 }, (_, n) => [
      ...Array.from({ length: 40 }, (_, at) => js(`function${n}`, `src/proxy/file${at}.ts`)),
      loop,
    ])
    expect(flameSvg(stacks, 'many').length).toBeLessThan(150_000)
  })

  it('leaves out what was hardly ever seen', () => {
    const stacks = [...Array.from({ length: 999 }, () => [route, lane, loop]), [js('rare', 'src/x.ts'), lane, loop]]
    const picture = flameSvg(stacks, 'title')
    expect(picture).toContain('match match.ts, 99.9 %')
    expect(picture).not.toContain('rare')
  })
})

it('the bars tell microseconds, and what nginx took as 1', () => {
  const shares = new Map([['kernel', 1]] as const)
  const bar = { group: 'HTTP/1.1', microsecondsPerRequest: 20, shares }
  const picture = barsSvg(
    [
      { ...bar, name: 'nginx' },
      { ...bar, name: 'fast', microsecondsPerRequest: 15 },
    ],
    '<caption>',
  )
  expect(picture).toContain('15.0  (0.75)')
  expect(picture).toContain('kernel: 20.00 us')
  expect(picture).toContain('&lt;caption&gt;')
})

it('of code at the same address the last one counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-perf-map-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'perf.map')
  await writeFile(file, '1000 100 dead\n2000 10 lives\n1080 20 JS:*new file:///a b.ts\n10a0 10 beside\n')
  expect(await tidyPerfMap(file)).toBe('1080 20 JS:*new file:///a b.ts\n10a0 10 beside\n2000 10 lives\n')
  expect(await tidyPerfMap(join(folder, 'none'))).toBeUndefined()
})
