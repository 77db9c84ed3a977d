import { openBed } from '../bed/running-bed.ts'
import type { Bed } from './bed.ts'

/** The one that global-setup.ts starts. */
export const ownBedName = 'test'

/** In the name of a test or suite: it needs no network of ours, and runs on a cluster that was there before too
 * (`up --kubeconfig`). There, all others are skipped. */
export const onAnyCluster = 'on any cluster'

/** The bed of this test run; HEADGATE_BED names one that was up before, and is left up. */
export function useBed(): Bed {
  return openBed(process.env['HEADGATE_BED'] ?? ownBedName)
}
