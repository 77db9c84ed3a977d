import { isRecord } from '../is-record.ts'
import type { Problem } from '../problem.ts'
import type { ConfigMap } from '../watch/objects.ts'
import { Reports } from './reports.ts'
import { show } from './shape.ts'
import { defaultSettings, type Settings } from './table.ts'

export type ReadSettings = { readonly settings: Settings; readonly problems: readonly Problem[] }

type Reader = {
  readonly field: keyof Settings
  readonly parse: (text: string) => number | undefined
  readonly expected: string
}

const seconds = { parse: parseSeconds, expected: 'seconds from 1 to 86400' }

/** What may come at once, or in a second. */
const count = { parse: parseCount(1, 1_000_000), expected: 'a number from 1 to 1000000' }

function sizeUpTo(most: number, text: string): Pick<Reader, 'parse' | 'expected'> {
  const parse = (given: string): number | undefined => {
    const bytes = parseSize(given)
    return bytes !== undefined && bytes >= 1_024 && bytes <= most ? bytes : undefined
  }
  return { parse, expected: `a size from 1k to ${text}` }
}

/** Keys of ingress-nginx's ConfigMap that we know, under its names; what it has no name for is named in its manner. */
const readers: Readonly<Record<string, Reader>> = {
  'proxy-connect-timeout': { field: 'connectTimeoutMs', ...seconds },
  'proxy-read-timeout': { field: 'readTimeoutMs', ...seconds },
  'proxy-send-timeout': { field: 'sendTimeoutMs', ...seconds },
  'proxy-body-size': { field: 'maxBodyBytes', parse: parseSize, expected: 'a size as in 8m, or 0 for no limit' },
  'keep-alive': { field: 'keepAliveMs', ...seconds },
  'http2-max-concurrent-streams': { field: 'http2Streams', ...count },
  'http2-max-header-size': { field: 'http2HeaderListBytes', ...sizeUpTo(1024 ** 2, '1m') },
  'http2-max-header-fields': { field: 'http2HeaderFields', ...count },
  'http2-max-header-block-size': { field: 'http2HeaderBlockBytes', ...sizeUpTo(1024 ** 2, '1m') },
  'http2-max-continuations': { field: 'http2Continuations', ...count },
  'http2-header-table-size': { field: 'http2HeaderTableBytes', ...sizeUpTo(64 * 1024, '64k') },
  'http2-stream-window': { field: 'http2StreamWindow', ...sizeUpTo(1024 ** 3, '1g') },
  'http2-connection-window': { field: 'http2ConnectionWindow', ...sizeUpTo(1024 ** 3, '1g') },
  'http2-max-unread-size': { field: 'http2UnreadBytes', ...sizeUpTo(1024 ** 3, '1g') },
  'http2-reset-burst': { field: 'http2ResetBurst', ...count },
  'http2-reset-rate': { field: 'http2ResetsPerSecond', ...count },
  'http2-stream-error-burst': { field: 'http2StreamErrorBurst', ...count },
  'http2-stream-error-rate': { field: 'http2StreamErrorsPerSecond', ...count },
  'http2-idle-frame-burst': { field: 'http2IdleFrameBurst', ...count },
  'http2-idle-frame-rate': { field: 'http2IdleFramesPerSecond', ...count },
  'http2-preface-timeout': { field: 'http2PrefaceTimeoutMs', ...seconds },
  'http2-header-timeout': { field: 'http2HeaderTimeoutMs', ...seconds },
}

/** A key that is wrong or unknown is a problem and leaves the default; without a ConfigMap all are defaults. */
export function readSettings(configMap: ConfigMap | undefined): ReadSettings {
  if (configMap === undefined) return { settings: defaultSettings, problems: [] }
  const { namespace = 'default', name } = configMap.metadata
  const reports = new Reports({ kind: 'ConfigMap', namespace, name })
  const data: unknown = configMap.data ?? {}
  if (!isRecord(data)) reports.add('InvalidSetting', 'data', `${show(data)} is no map`, 'all settings are the defaults')
  const settings = { ...defaultSettings }
  for (const [key, value] of isRecord(data) ? Object.entries(data) : []) {
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined
    if (reader === undefined) {
      reports.add('InvalidSetting', `data.${key}`, `${key} is no setting of Headgate`, 'it is ignored')
      continue
    }
    const parsed = reader.parse(String(value).trim())
    if (parsed !== undefined) settings[reader.field] = parsed
    else reports.add('InvalidSetting', `data.${key}`, `${show(value)} is not ${reader.expected}`, 'the default is used')
  }
  return { settings, problems: reports.problems }
}

/** `60`, and `60s` as nginx writes it. */
function parseSeconds(text: string): number | undefined {
  const value = /^([0-9]{1,5})s?$/.exec(text)?.[1]
  const number = Number(value)
  return value !== undefined && number >= 1 && number <= 86_400 ? number * 1000 : undefined
}

function parseCount(least: number, most: number): (text: string) => number | undefined {
  return (text) => {
    const number = /^[0-9]{1,7}$/.test(text) ? Number(text) : Number.NaN
    return number >= least && number <= most ? number : undefined
  }
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** https://nginx.org/en/docs/syntax.html: bytes, or `k`, `m`, `g` in either case. */
function parseSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^([0-9]{1,12})([kmg]?)$/i.exec(text) ?? []
  const factor = units[unit.toLowerCase()]
  const bytes = digits === undefined || factor === undefined ? undefined : Number(digits) * factor
  return bytes !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined
}
