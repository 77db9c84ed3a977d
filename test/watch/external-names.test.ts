import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ExternalNames, type ExternalNamesOptions } from '../../src/watch/external-names.ts'
import { DnsServer } from '../support/dns-server.ts'
import { waitFor } from '../support/wait-for.ts'
import { recordingLogger } from './quiet-logger.ts'

let dns: DnsServer
let stop: AbortController
let running: Promise<void>
let told: ReadonlyMap<string, readonly string[]>[]

beforeEach(async () => {
  dns = await new DnsServer().listen()
  stop = new AbortController()
  told = []
})

afterEach(async () => {
  stop.abort()
  await running
  await dns.close()
})

function startNames(options: Partial<ExternalNamesOptions> = {}): ExternalNames {
  const names = new ExternalNames({
    logger: recordingLogger(),
    onChange: (addresses) => told.push(addresses),
    servers: [dns.address],
    lookup: () => Promise.reject(new Error('not found')),
    minTtlMs: 5,
    minBackoffMs: 5,
    maxBackoffMs: 10,
    ...options,
  })
  running = names.start(stop.signal)
  return names
}

const addressesOf = (name: string) => told.at(-1)?.get(name)
const asked = (name: string, times: number) =>
  waitFor(() => dns.questions.filter((one) => one === name).length >= times)

describe('ExternalNames', () => {
  it('resolves IPv4 and IPv6 addresses, and tells only of changes', async () => {
    dns.zones.set('a.test', { addresses: ['10.0.0.2', '10.0.0.1', '2001:db8::1'], ttl: 0 })
    startNames().setNames(['a.test'])
    await waitFor(() => addressesOf('a.test'))
    expect(addressesOf('a.test')).toEqual(['10.0.0.1', '10.0.0.2', '2001:db8::1'])
    dns.zones.set('a.test', { addresses: ['10.0.0.1', '10.0.0.2', '2001:db8::1'], ttl: 0 })
    await asked('a.test', dns.questions.length + 6)
    expect(told).toHaveLength(1)
    dns.zones.set('a.test', { addresses: ['10.0.0.3'], ttl: 0 })
    await waitFor(() => told.length === 2)
    expect(addressesOf('a.test')).toEqual(['10.0.0.3'])
  })

  it('does not ask again before the time to live is over', async () => {
    dns.zones.set('long.test', { addresses: ['10.0.0.1'], ttl: 60 })
    dns.zones.set('short.test', { addresses: ['10.0.0.2'], ttl: 0 })
    startNames().setNames(['long.test', 'short.test'])
    await asked('short.test', 10)
    expect(dns.questions.filter((name) => name === 'long.test')).toHaveLength(2)
  })

  it('keeps the last addresses of a name that fails, and the others are not harmed', async () => {
    dns.zones.set('a.test', { addresses: ['10.0.0.1'], ttl: 0 })
    dns.zones.set('b.test', { addresses: ['10.0.0.2'], ttl: 0 })
    startNames().setNames(['a.test', 'b.test', 'never.test'])
    await waitFor(() => told.at(-1)?.size === 2)
    dns.failing.add('a.test')
    dns.zones.set('b.test', { addresses: ['10.0.0.3'], ttl: 0 })
    await waitFor(() => addressesOf('b.test')?.[0] === '10.0.0.3')
    await asked('a.test', dns.questions.length + 4)
    expect(addressesOf('a.test')).toEqual(['10.0.0.1'])
    dns.failing.clear()
    dns.zones.set('a.test', { addresses: ['10.0.0.4'], ttl: 0 })
    await waitFor(() => addressesOf('a.test')?.[0] === '10.0.0.4')
  })

  it('asks the system for names that DNS does not have', async () => {
    startNames({ lookup: async () => [{ address: '127.0.0.9' }] }).setNames(['hosts-file'])
    await waitFor(() => addressesOf('hosts-file'))
    expect(addressesOf('hosts-file')).toEqual(['127.0.0.9'])
  })

  it('takes addresses for what they are, and forgets names that are no longer needed', async () => {
    const names = startNames()
    names.setNames(['10.1.2.3', '2001:db8::5'])
    await waitFor(() => told.at(-1)?.size === 2)
    names.setNames(['10.1.2.3'])
    await waitFor(() => told.at(-1)?.size === 1)
    expect(addressesOf('10.1.2.3')).toEqual(['10.1.2.3'])
    expect(dns.questions).toEqual([])
  })
})
