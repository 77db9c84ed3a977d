import type { Settings } from '../support/careful-client.ts'
import { setting } from '../support/frames.ts'
import { below, oneIn, pick, type Random } from '../support/random.ts'

/** What one connection does besides its requests. */
export type ConnectionPlan = {
  readonly settings: Settings
  /** Credit beyond the 65,535 that a connection begins with. */
  readonly credit: number
  /** Credit of the connection is given only when there is none left. */
  readonly isLate: boolean
  readonly requests: number
  readonly atOnce: number
  /** In how many of the requests settings change before it. */
  readonly changesOneIn: number
  readonly noiseOneIn: number
  /** After how many requests the connection is cut; undefined if it is closed in peace. */
  readonly cutAfter: number | undefined
  readonly ending: 'goaway' | 'end' | 'reset'
}

const windows = [0, 1, 100, 65_535, 1_048_576]

export function newPlan(random: Random): ConnectionPlan {
  const requests = 5 + below(random, 40)
  return {
    settings: oneIn(random, 4) ? [] : newSettings(random),
    credit: pick(random, [0, 0, 1_048_576]),
    isLate: oneIn(random, 4),
    requests,
    atOnce: pick(random, [1, 4, 20]),
    changesOneIn: pick(random, [5, 20, 1_000]),
    noiseOneIn: pick(random, [2, 10, 1_000]),
    cutAfter: oneIn(random, 5) ? below(random, requests) : undefined,
    ending: pick(random, ['goaway', 'end', 'reset'] as const),
  }
}

export function newSettings(random: Random): Settings {
  const all: Settings = [
    [setting.initialWindow, pick(random, windows)],
    [setting.tableSize, pick(random, [0, 100, 4_096, 65_536])],
    [setting.maxFrame, pick(random, [16_384, 20_000, 1_048_576])],
    [0xfafa, below(random, 1_000)],
  ]
  return all.filter(() => oneIn(random, 2))
}
