import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../cluster/bed/run.ts'
import { pattern } from './support/pattern.ts'
import { isSkipped } from './support/programs.ts'
import { useFront } from './support/use-front.ts'

// No timing: whether every one of many requests is answered as it should be.
describe.skipIf(isSkipped('h2load'))('h2load', () => {
  const { front } = useFront({ program: 'h2load' })

  const load = (options: readonly string[], path: string): Promise<string> =>
    run('h2load', [...options, `https://127.0.0.1:${front().headgate.https}${path}`])

  const expectAllAnswered = (said: string, count: number): void => {
    const done = `${count} total, ${count} started, ${count} done, ${count} succeeded, 0 failed, 0 errored, 0 timeout`
    expect(said).toContain('Application protocol: h2\n')
    expect(said).toContain(`requests: ${done}\n`)
    expect(said).toContain(`status codes: ${count} 2xx, 0 3xx, 0 4xx, 0 5xx\n`)
  }

  it.each([
    { connections: 16, streams: 8 },
    { connections: 1, streams: 32 },
  ])('has 10,000 requests answered, $streams at a time on each of $connections connections', async (shape) => {
    const said = await load(['-n10000', `-c${shape.connections}`, `-m${shape.streams}`], '/bytes/2000')
    expectAllAnswered(said, 10_000)
    expect(said).toMatch(/\(20000000\) data$/m)
  })

  it('uploads 100 KB 1,000 times', async () => {
    const file = join(front().folder, 'upload')
    await writeFile(file, pattern(100_000))
    expectAllAnswered(await load(['-n1000', '-c10', '-m10', `--data=${file}`], '/sum'), 1_000)
  })

  it('gets 100 KB 100 times through windows of 1,023 bytes', async () => {
    const said = await load(
      ['-n100', '-c2', '-m25', '--window-bits=10', '--connection-window-bits=10'],
      '/bytes/100000',
    )
    expectAllAnswered(said, 100)
    expect(said).toMatch(/\(10000000\) data$/m)
  })
})
