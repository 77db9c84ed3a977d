import { isInstalled } from '../support/spawned.ts'
import { cannon } from './autocannon.ts'
import { type FixedRateGenerator, findFixedRate } from './fixed-rate.ts'
import { type Http2Load, h2load, h2loadVersion } from './h2load.ts'
import type { ClosedLoopGenerator, LoadResult } from './load.ts'
import { wrk } from './wrk.ts'

export type Tools = {
  readonly closedLoop: ClosedLoopGenerator
  readonly fixedRate: FixedRateGenerator
  /** Undefined where h2load is not installed. */
  readonly http2: ((load: Http2Load) => Promise<LoadResult>) | undefined
  /** Name and version of each. */
  readonly versions: Readonly<Record<string, string>>
}

/** `isPlain`: only what npm brings. */
export function findTools(isPlain: boolean): Tools {
  const closedLoop = !isPlain && isInstalled('wrk') ? wrk() : cannon
  const fixedRate = findFixedRate(isPlain)
  const http2 = !isPlain && isInstalled('h2load') ? h2load : undefined
  const versions = {
    [closedLoop.name]: closedLoop.version,
    ...(http2 === undefined ? {} : { h2load: h2loadVersion() }),
    [fixedRate.name]: fixedRate.version,
  }
  return { closedLoop, fixedRate, http2, versions }
}
