import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { beforeAll, expect, it } from 'vitest'
import { type Headgate, startHeadgate } from '../support/headgate.ts'

let headgate: Headgate

beforeAll(async () => {
  headgate = await startHeadgate({ manifests: {} })
})

// Health checks of load balancers connect and go. They were kept for the ten seconds that a handshake may take.
it('a client that leaves before or at the end of its handshake holds up no drain', async () => {
  const silent = connectTcp(headgate.https, '127.0.0.1')
  await once(silent, 'connect')
  silent.end()
  for (let i = 0; i < 2; i++) {
    const hasty = connectTls({ port: headgate.https, host: '127.0.0.1', rejectUnauthorized: false })
    await once(hasty, 'secureConnect')
    hasty.destroy()
  }
  expect(await headgate.stop()).toBe(0)
}, 8_000)
