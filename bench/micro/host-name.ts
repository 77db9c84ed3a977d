import { parseHostHeader } from '../../src/router/host-name.ts'
import type { Case } from './harness/case.ts'

const values = {
  'lower case': 'shop.example.com',
  'with port': 'shop.example.com:8443',
  'mixed case, trailing dot': 'Shop.Example.COM.',
  long: `${'label.'.repeat(20)}example.com`,
  IPv6: '[2001:db8::1]:8443',
  refused: 'shop..example.com',
}

export function cases(): readonly Case[] {
  return Object.entries(values).map(([name, value]) => ({ name, run: () => parseHostHeader(value) }))
}
