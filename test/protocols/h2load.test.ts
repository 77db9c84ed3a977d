import { describe, expect, it } from 'vitest'
import { run } from '../cluster/bed/run.ts'
import { isSkipped } from './support/programs.ts'
import { useFront } from './support/use-front.ts'

// No timing: whether every one of many requests is answered as it should be.
describe.skipIf(isSkipped('h2load'))('h2load', () => {
  const { front } = useFront({ program: 'h2load' })

  it.each([
    { connections: 16, streams: 8 },
    { connections: 1, streams: 32 },
  ])('has 10,000 requests answered, $streams at a time on each of $connections connections', async (shape) => {
    const options = ['-n10000', `-c${shape.connections}`, `-m${shape.streams}`]
    const said = await run('h2load', [...options, `https://127.0.0.1:${front().headgate.https}/bytes/2000`])
    expect(said).toContain('Application protocol: h2\n')
    expect(said).toContain('10000 total, 10000 started, 10000 done, 10000 succeeded, 0 failed, 0 errored, 0 timeout\n')
    expect(said).toContain('status codes: 10000 2xx, 0 3xx, 0 4xx, 0 5xx\n')
    expect(said).toMatch(/\(20000000\) data$/m)
  })
})
