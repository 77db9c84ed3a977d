import { claimsOfLines } from '../../src/proxy/client-claims.ts'
import { DownstreamClient } from '../../src/proxy/downstream-client.ts'
import { Fields } from '../../src/proxy/fields.ts'
import { identityRules } from '../../src/proxy/trusted-peers.ts'
import { defaultSettings } from '../../src/router/table.ts'
import type { Case } from './harness/case.ts'
import { requestFields } from './inputs/heads.ts'

const authority = 'shop.example.com'
const trustedRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '2001:db8:20::/48']
const rules = identityRules({ ...defaultSettings, useForwardedHeaders: true, trustedRanges, fullForwardedFor: true })

const newClient = (peerAddress: string): DownstreamClient =>
  new DownstreamClient({ scheme: 'http', peerAddress, tlsVersion: undefined, proxy: { identityRules: rules } })

const balanced = [...requestFields['browser, 15 fields'], 'X-Forwarded-Proto', 'https', 'X-Forwarded-Port', '443']

/** As the fast lane does it, on a connection that asks for one host again and again. */
function trusted(name: string, fields: readonly string[]): Case {
  const client = newClient('10.0.0.1')
  const { lines } = Fields.ofList(fields)
  return { name, run: () => client.believe(client.asksFor(authority).authority, claimsOfLines(lines)) }
}

export function cases(): readonly Case[] {
  const stranger = newClient('192.0.2.7')
  return [
    { name: 'a peer that is not trusted', run: () => stranger.asksFor(authority) },
    trusted('trusted, a browser without claims', requestFields['browser, 15 fields']),
    trusted('trusted, a client', [...balanced, 'X-Forwarded-For', '203.0.113.7']),
    trusted('trusted, a client and two hops', [...balanced, 'X-Forwarded-For', '203.0.113.7, 10.1.2.3, 10.4.5.6']),
    trusted('trusted, a client by IPv6', [...balanced, 'X-Forwarded-For', '2001:db8::7']),
  ]
}
