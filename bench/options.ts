import { parseArgs } from 'node:util'

export type Options = {
  readonly rounds: number
  readonly seconds: number
  /** Names of peers and of workloads; undefined: all. */
  readonly only: readonly string[] | undefined
  readonly workloads: readonly string[] | undefined
  readonly json: string | undefined
  readonly output: string | undefined
  /** Headgate as users get it, from dist/: type stripping alone costs 30 MB a process. */
  readonly isBuilt: boolean
  /** Needs nothing but npm, and a minute. */
  readonly isQuick: boolean
}

export const resultsFile = new URL('RESULTS.md', import.meta.url)

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      workloads: { type: 'string' },
      json: { type: 'string' },
      output: { type: 'string' },
      'write-results': { type: 'boolean', default: false },
      built: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  })
  const list = (value: string | undefined): readonly string[] | undefined => value?.split(',')
  const isQuick = values.quick
  return {
    rounds: positive('rounds', values.rounds ?? (isQuick ? '3' : '5')),
    seconds: positive('seconds', values.seconds ?? '3'),
    only: list(values.only) ?? (isQuick ? ['headgate', 'http-proxy-3', 'reply-from'] : undefined),
    workloads: list(values.workloads) ?? (isQuick ? ['small-get'] : undefined),
    json: values.json,
    output: values['write-results'] ? resultsFile.pathname : values.output,
    isBuilt: values.built,
    isQuick,
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} must be a number above 0: ${text}`)
  return value
}
