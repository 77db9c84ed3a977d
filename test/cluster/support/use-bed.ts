import { openBed } from '../bed/running-bed.ts'
import type { Bed } from './bed.ts'
import { ownBedNames } from './own-beds.ts'

/** In the name of a test or suite: it needs no network of ours, and runs on a cluster that was there before too
 * (`up --kubeconfig`). There, all others are skipped. */
export const onAnyCluster = 'on any cluster'

/** The bed of this test run; HEADGATE_BED names one that was up before, and is left up. */
export function useBed(): Bed {
  const { HEADGATE_BED: given, VITEST_POOL_ID: poolId } = process.env
  return openBed(given ?? ownBedNames[Number(poolId ?? 1) - 1] ?? ownBedNames[0])
}
