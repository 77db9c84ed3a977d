import { describe, expect, it } from 'vitest'
import { parseLabelSelector, selectorMatches } from '../../src/router/label-selector.ts'
import { readSettings } from '../../src/router/settings.ts'
import { defaultSettings } from '../../src/router/table.ts'

function read(data: Readonly<Record<string, string>>) {
  return readSettings({ kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'headgate' }, data })
}

describe('settings', () => {
  it.each([
    ['proxy-connect-timeout', '7', { connectTimeoutMs: 7_000 }],
    ['proxy-read-timeout', '90s', { readTimeoutMs: 90_000 }],
    ['proxy-send-timeout', '90', { sendTimeoutMs: 90_000 }],
    ['keep-alive', '10', { keepAliveMs: 10_000 }],
    ['proxy-body-size', '8m', { maxBodyBytes: 8 * 1024 ** 2 }],
    ['proxy-body-size', '1G', { maxBodyBytes: 1024 ** 3 }],
    ['proxy-body-size', '512', { maxBodyBytes: 512 }],
    ['proxy-body-size', '0', { maxBodyBytes: 0 }],
    ['http2-max-concurrent-streams', '250', { http2Streams: 250 }],
    ['http2-max-header-size', '16k', { http2HeaderListBytes: 16 * 1024 }],
    ['http2-reset-rate', '1', { http2ResetsPerSecond: 1 }],
    ['http2-preface-timeout', '3s', { http2PrefaceTimeoutMs: 3_000 }],
    ['compute-full-forwarded-for', 'true', { fullForwardedFor: true }],
    ['add-forwarded-header', 'True', { addForwarded: true }],
    ['add-forwarded-header', '0', {}],
    [
      'proxy-real-ip-cidr',
      '10.0.0.0/8, 2001:db8::/32,192.0.2.7,',
      { trustedRanges: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'] },
    ],
    ['use-forwarded-headers', 'false', {}],
  ])('take %s: %s', (key, value, expected) => {
    expect(read({ [key]: value })).toEqual({ settings: { ...defaultSettings, ...expected }, problems: [] })
  })

  it.each([
    ['proxy-read-timeout', 'soon'],
    ['proxy-read-timeout', '0'],
    ['proxy-read-timeout', '-1'],
    ['proxy-body-size', '8mb'],
    ['http2-max-concurrent-streams', '0'],
    ['http2-max-concurrent-streams', '1e3'],
    ['http2-max-header-size', '2m'],
    ['http2-header-table-size', '1023'],
    ['http2-stream-window', '63k'],
    ['use-forwarded-headers', 'yes please'],
    ['proxy-real-ip-cidr', '10.0.0.0/8,load-balancer'],
    ['proxy-real-ip-cidr', '10.0.0.0/33'],
    ['proxy-real-ip-cidr', '2001:db8::/129'],
    ['proxy-real-ip-cidr', '10.0.0.0/8/8'],
    ['proxy-real-ip-cidr', '10.0.0.0/'],
    ['proxy-real-ip-cidr', 'fe80::1%eth0'],
    ['proxy-real-ip-cidr', '::ffff:0.0.0.0/90'],
    ['server-snippet', 'x'],
    ['constructor', 'x'],
  ])('stay the defaults for %s: %s, with a problem', (key, value) => {
    const { settings, problems } = read({ [key]: value })
    expect(settings).toEqual(defaultSettings)
    expect(problems).toMatchObject([{ reason: 'InvalidSetting', field: `data.${key}` }])
  })
})

describe('what trusted peers say', () => {
  it.each(['use-forwarded-headers', 'enable-real-ip'])('is a problem for %s while no peer is named', (key) => {
    const { settings, problems } = read({ [key]: 'true' })
    expect(settings.trustedRanges).toEqual([])
    expect(problems).toMatchObject([{ reason: 'InvalidSetting', field: `data.${key}` }])
  })

  it('is none with a peer', () => {
    const { settings, problems } = read({ 'use-forwarded-headers': 'true', 'proxy-real-ip-cidr': '10.0.0.0/8' })
    expect(settings).toEqual({ ...defaultSettings, useForwardedHeaders: true, trustedRanges: ['10.0.0.0/8'] })
    expect(problems).toEqual([])
  })
})

describe('a label selector', () => {
  const labels = { app: 'web', tier: 'front' }

  it.each([
    ['', true],
    ['app=web', true],
    ['app == web , tier!=back', true],
    ['app=db', false],
    ['none!=x', true],
    ['app in (db, web),tier', true],
    ['app notin (web)', false],
    ['none notin (x)', true],
    ['!none', true],
    ['!app', false],
    ['none', false],
  ])('%j holds: %s', (text, expected) => {
    expect(selectorMatches(parseLabelSelector(text) ?? [], labels)).toBe(expected)
  })

  it.each(['=', 'a=b=c', 'a in b', 'a in (b', ',', 'a,', '!'])('is none of %j', (text) => {
    expect(parseLabelSelector(text)).toBeUndefined()
  })
})
