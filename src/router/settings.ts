import { isRecord } from '../is-record.ts'
import type { Problem } from '../problem.ts'
import type { ConfigMap } from '../watch/objects.ts'
import { parseAddressRange } from './ip-address.ts'
import { Reports } from './reports.ts'
import { show } from './shape.ts'
import { defaultSettings, type Settings } from './table.ts'

export type ReadSettings = { readonly settings: Settings; readonly problems: readonly Problem[] }

type Writable = { -readonly [Field in keyof Settings]: Settings[Field] }

/** Texts that stand for values of one type. */
type Kind<T> = { readonly parse: (text: string) => T | undefined; readonly expected: string }

type Reader = {
  /** False: the text is not what is expected, and nothing is changed. */
  readonly read: (text: string, into: Writable) => boolean
  readonly expected: string
}

function setting<Field extends keyof Settings>(field: Field, { parse, expected }: Kind<Settings[Field]>): Reader {
  const read = (text: string, into: Writable): boolean => {
    const value = parse(text)
    if (value !== undefined) into[field] = value
    return value !== undefined
  }
  return { read, expected }
}

const seconds: Kind<number> = { parse: parseSeconds, expected: 'seconds from 1 to 86400' }

/** What may come at once, or in a second. */
const count: Kind<number> = { parse: parseCount, expected: 'a number from 1 to 1000000' }

const size: Kind<number> = { parse: parseSize, expected: 'a size as in 8m, or 0 for no limit' }

const onOff: Kind<boolean> = { parse: parseOnOff, expected: 'true or false' }

const ranges: Kind<readonly string[]> = {
  parse: parseRanges,
  expected: 'a list of addresses and CIDRs as in 10.0.0.0/8,2001:db8::/32',
}

/** `least` in KiB. */
function sizeUpTo(most: number, text: string, least = 1): Kind<number> {
  const parse = (given: string): number | undefined => {
    const bytes = parseSize(given)
    return bytes !== undefined && bytes >= least * 1_024 && bytes <= most ? bytes : undefined
  }
  return { parse, expected: `a size from ${least}k to ${text}` }
}

/** Keys of ingress-nginx's ConfigMap that we know, under its names; what it has no name for is named in its manner. */
const readers: Readonly<Record<string, Reader>> = {
  'proxy-connect-timeout': setting('connectTimeoutMs', seconds),
  'proxy-read-timeout': setting('readTimeoutMs', seconds),
  'proxy-send-timeout': setting('sendTimeoutMs', seconds),
  'proxy-body-size': setting('maxBodyBytes', size),
  'keep-alive': setting('keepAliveMs', seconds),
  'http2-max-concurrent-streams': setting('http2Streams', count),
  'http2-max-header-size': setting('http2HeaderListBytes', sizeUpTo(1024 ** 2, '1m')),
  'http2-max-header-fields': setting('http2HeaderFields', count),
  'http2-max-header-block-size': setting('http2HeaderBlockBytes', sizeUpTo(1024 ** 2, '1m')),
  'http2-max-continuations': setting('http2Continuations', count),
  'http2-header-table-size': setting('http2HeaderTableBytes', sizeUpTo(64 * 1024, '64k')),
  // RFC 9113 section 6.9.2: clients begin with 64k less one, and that of the connection cannot be less at all.
  'http2-stream-window': setting('http2StreamWindow', sizeUpTo(1024 ** 3, '1g', 64)),
  'http2-connection-window': setting('http2ConnectionWindow', sizeUpTo(1024 ** 3, '1g', 64)),
  'http2-max-unread-size': setting('http2UnreadBytes', sizeUpTo(1024 ** 3, '1g', 64)),
  'http2-reset-burst': setting('http2ResetBurst', count),
  'http2-reset-rate': setting('http2ResetsPerSecond', count),
  'http2-stream-error-burst': setting('http2StreamErrorBurst', count),
  'http2-stream-error-rate': setting('http2StreamErrorsPerSecond', count),
  'http2-idle-frame-burst': setting('http2IdleFrameBurst', count),
  'http2-idle-frame-rate': setting('http2IdleFramesPerSecond', count),
  'http2-preface-timeout': setting('http2PrefaceTimeoutMs', seconds),
  'http2-header-timeout': setting('http2HeaderTimeoutMs', seconds),
  'use-forwarded-headers': setting('useForwardedHeaders', onOff),
  'enable-real-ip': setting('enableRealIp', onOff),
  'proxy-real-ip-cidr': setting('trustedRanges', ranges),
  'compute-full-forwarded-for': setting('fullForwardedFor', onOff),
  'add-forwarded-header': setting('addForwarded', onOff),
}

/** A key that is wrong or unknown is a problem and leaves the default; without a ConfigMap all are defaults. */
export function readSettings(configMap: ConfigMap | undefined): ReadSettings {
  if (configMap === undefined) return { settings: defaultSettings, problems: [] }
  const { namespace = 'default', name } = configMap.metadata
  const reports = new Reports({ kind: 'ConfigMap', namespace, name })
  const data: unknown = configMap.data ?? {}
  if (!isRecord(data)) reports.add('InvalidSetting', 'data', `${show(data)} is no map`, 'all settings are the defaults')
  const settings: Writable = { ...defaultSettings }
  for (const [key, value] of isRecord(data) ? Object.entries(data) : []) {
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined
    if (reader === undefined) {
      reports.add('InvalidSetting', `data.${key}`, `${key} is no setting of Headgate`, 'it is ignored')
      continue
    }
    if (reader.read(String(value).trim(), settings)) continue
    reports.add('InvalidSetting', `data.${key}`, `${show(value)} is not ${reader.expected}`, 'the default is used')
  }
  if (settings.trustedRanges.length === 0) {
    // ingress-nginx trusts all of IPv4 then, which lets every client write its own address.
    const what = 'proxy-real-ip-cidr names no peer whose fields are to be believed'
    for (const [key, isOn] of [
      ['use-forwarded-headers', settings.useForwardedHeaders],
      ['enable-real-ip', settings.enableRealIp],
    ] as const) {
      if (isOn) reports.add('InvalidSetting', `data.${key}`, what, 'nobody is trusted')
    }
  }
  return { settings, problems: reports.problems }
}

/** `60`, and `60s` as nginx writes it. */
function parseSeconds(text: string): number | undefined {
  const value = /^([0-9]{1,5})s?$/.exec(text)?.[1]
  const number = Number(value)
  return value !== undefined && number >= 1 && number <= 86_400 ? number * 1000 : undefined
}

function parseCount(text: string): number | undefined {
  const number = /^[0-9]{1,7}$/.test(text) ? Number(text) : Number.NaN
  return number >= 1 && number <= 1_000_000 ? number : undefined
}

/** As Go's strconv.ParseBool, by which ingress-nginx reads its ConfigMap. */
function parseOnOff(text: string): boolean | undefined {
  if (/^(true|t|1)$/i.test(text)) return true
  return /^(false|f|0)$/i.test(text) ? false : undefined
}

function parseRanges(text: string): readonly string[] | undefined {
  const list = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  return list.every((item) => parseAddressRange(item) !== undefined) ? list : undefined
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** https://nginx.org/en/docs/syntax.html: bytes, or `k`, `m`, `g` in either case. */
function parseSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^([0-9]{1,12})([kmg]?)$/i.exec(text) ?? []
  const factor = units[unit.toLowerCase()]
  const bytes = digits === undefined || factor === undefined ? undefined : Number(digits) * factor
  return bytes !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined
}
