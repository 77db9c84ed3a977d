import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { formatReadyLine } from '../../src/cli/serve.ts'
import { runHeadgate, startHeadgate } from './run.ts'

const folder = fileURLToPath(new URL('../../examples/demo', import.meta.url))
const withoutWorkers = ['serve', `--manifests=${folder}`, '--bind=127.0.0.1', '--log-format=text']
const common = [...withoutWorkers, '--workers=0']

const ready = /^headgate ready .*$/m

describe('the ready line', () => {
  it('names the ports and leaves out listeners that are off', () => {
    expect(formatReadyLine({ http: 80, https: 443, admin: 10254 })).toBe('headgate ready http=80 https=443 admin=10254')
    expect(formatReadyLine({ http: undefined, https: 443, admin: undefined })).toBe('headgate ready https=443')
  })
})

describe.concurrent('headgate serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'prints the ports that it picked, and exits with 0 after %s',
    async (signal) => {
      const args = ['--http-port=0', '--https-port=off', '--admin-port=0', '--lame-duck-seconds=0', '--drain-seconds=1']
      const gateway = startHeadgate([...common, ...args])
      const [, http, admin] = await gateway.printed(/^headgate ready http=(\d+) admin=(\d+)$/m)
      expect((await fetch(`http://127.0.0.1:${http}/`)).status).toBe(404)
      expect((await fetch(`http://127.0.0.1:${admin}/healthz`)).status).toBe(200)
      gateway.signal(signal)
      const { code, stdout, stderr } = await gateway.ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/ INFO {2}stopped\n/)
    },
  )

  it('exits with 1 at once when a second signal comes while it waits', async () => {
    const gateway = startHeadgate([
      ...common,
      '--http-port=0',
      '--https-port=off',
      '--admin-port=off',
      '--lame-duck-seconds=3600',
    ])
    await gateway.printed(ready)
    gateway.signal('SIGTERM')
    await gateway.printed(/ INFO {2}stopping /)
    gateway.signal('SIGTERM')
    expect((await gateway.ended).code).toBe(1)
  })

  it('takes an interrupt that npm passes on a second time for one', async () => {
    const args = ['--http-port=0', '--https-port=off', '--admin-port=off', '--lame-duck-seconds=0', '--drain-seconds=1']
    const gateway = startHeadgate([...common, ...args])
    await gateway.printed(ready)
    gateway.signal('SIGINT')
    gateway.signal('SIGINT')
    expect((await gateway.ended).code).toBe(0)
  })

  it.each([
    ['http', 0],
    ['https', 0],
    ['admin', 0],
    ['https', 2],
  ])('names the flag and the port where the %s port is taken, with %i workers', async (name, workers) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    const ports = ['http', 'https', 'admin'].map((each) => `--${each}-port=${each === name ? address.port : 0}`)
    const { code, stdout, stderr } = await runHeadgate([...withoutWorkers, `--workers=${workers}`, ...ports])
    other.close()
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `headgate: --${name}-port: port ${address.port} is taken by another program; choose another one, or 0 for any free one\n`,
    })
    expect(stdout).not.toMatch(ready)
  })

  it('names an address that this machine does not have', async () => {
    // 192.0.2.0/24 is for documentation only (RFC 5737).
    const { code, stderr } = await runHeadgate([
      ...common,
      '--bind=192.0.2.7',
      '--http-port=0',
      '--https-port=off',
      '--admin-port=off',
    ])
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'headgate: --bind: 192.0.2.7 is no address of this machine\n' })
  })
})
