import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { versionOf } from '../support/version-of.ts'
import { host, type LoadResult, latencyOf } from './load.ts'
import { runOn } from './run.ts'

export type Http2Load = {
  readonly tlsPort: number
  readonly path: string
  readonly seconds: number
  readonly connections: number
  /** Requests under way at a time on each connection. */
  readonly streams: number
  readonly cores: string
  /** For its log of every request. */
  readonly folder: string
}

export const h2loadVersion = (): string => versionOf(['h2load', '--version'], /nghttp2\/(\S+)/)

/** It tells no percentiles, but it can log each request: start, status, microseconds. */
export async function h2load({
  tlsPort,
  path,
  seconds,
  connections,
  streams,
  cores,
  folder,
}: Http2Load): Promise<LoadResult> {
  const log = join(folder, 'h2load.log')
  const options = ['-t1', `-c${connections}`, `-m${streams}`, '-D', String(seconds), `--log-file=${log}`]
  await rm(log, { force: true })
  const stdout = await runOn(cores, [
    ...['h2load', ...options, `--connect-to=127.0.0.1:${tlsPort}`],
    `https://${host}${path}`,
  ])
  const latencies = latenciesIn(await readFile(log, 'latin1'))
  await rm(log)
  return { ...summaryIn(stdout), seconds, latency: latencyOf(latencies) }
}

function summaryIn(text: string): { readonly requests: number; readonly errors: number } {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  return {
    requests: number(/(\d+) succeeded/),
    errors:
      number(/(\d+) failed/) +
      number(/status codes: \d+ 2xx, (\d+) 3xx/) +
      (/Application protocol: h2/.test(text) ? 0 : 1),
  }
}

function latenciesIn(log: string): Float64Array {
  const lines = log.split('\n').filter((line) => line !== '')
  return Float64Array.from(lines, (line) => Number(line.slice(line.lastIndexOf('\t') + 1)) / 1000)
}
