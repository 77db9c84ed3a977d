import { backend, importEverywhere } from '../../test/cluster/bed/add-ons.ts'
import { buildHeadgateImage } from '../../test/cluster/bed/headgate-image.ts'
import { placeOf } from '../../test/cluster/bed/place.ts'
import { terminalProgress } from '../../test/cluster/bed/progress.ts'
import { missingRequirement } from '../../test/cluster/bed/requirements.ts'
import { openBed } from '../../test/cluster/bed/running-bed.ts'
import { readState } from '../../test/cluster/bed/state.ts'
import { tearDown } from '../../test/cluster/bed/teardown.ts'
import { up } from '../../test/cluster/bed/up.ts'
import type { Bed } from '../../test/cluster/support/bed.ts'

/** The bed of this name, with Headgate as it is here; one that was not up is taken down again. */
export async function openOwnBed(name: string): Promise<{ readonly bed: Bed; close(): Promise<void> }> {
  const missing = missingRequirement()
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`)
    process.exit(2)
  }
  const progress = terminalProgress()
  const wasUp = readState(name)?.phase === 'up'
  const image = await buildHeadgateImage(progress)
  if (!wasUp) await up({ name, family: 'dual', nodeCount: 1, addOns: [backend] }, progress)
  const state = readState(name)
  if (state === undefined) throw new Error(`bed ${name} is gone`)
  await importEverywhere(placeOf(state), [image])
  return {
    bed: openBed(name),
    async close() {
      if (!wasUp) await tearDown(name)
    },
  }
}
