import type { TestProject } from 'vitest/node'
import { backend, coredns, importEverywhere } from '../bed/add-ons.ts'
import { buildHeadgateImage } from '../bed/headgate-image.ts'
import { placeOf } from '../bed/place.ts'
import { type Progress, terminalProgress } from '../bed/progress.ts'
import { MissingRequirement, missingRequirement } from '../bed/requirements.ts'
import { openBed } from '../bed/running-bed.ts'
import { readState } from '../bed/state.ts'
import { tearDown } from '../bed/teardown.ts'
import { up } from '../bed/up.ts'
import { auditPosition, expectNothingRefused } from './audit-log.ts'
import { onAnyCluster, ownBedName } from './use-bed.ts'

/** One bed for all test files. */
export async function setup({ vitest }: TestProject): Promise<() => Promise<void>> {
  const given = process.env['HEADGATE_BED']
  const name = given ?? ownBedName
  const progress = terminalProgress()
  if (given !== undefined && readState(given)?.kubeconfig !== undefined) {
    progress.say(
      `${given} is no bed of ours: tests that need our network are skipped, those named "${onAnyCluster}" run`,
    )
    vitest.setGlobalTestNamePattern(onAnyCluster)
    return async () => {}
  }
  const missing = missingRequirement()
  if (missing !== undefined) refuse(missing)
  if (given !== undefined && readState(given)?.phase !== 'up') {
    refuse(`HEADGATE_BED names the bed ${given}, which is not up: npm run cluster -- up --name ${given}`)
  }
  const image = await buildHeadgateImage(progress)
  if (given === undefined) {
    await tearDown(name)
    await startBed(name, progress)
  }
  const state = readState(name)
  if (state === undefined) throw new Error(`bed ${name} is gone`)
  await progress.step('image of Headgate loaded', () => importEverywhere(placeOf(state), [image]))
  const bed = openBed(name)
  const start = await auditPosition(bed)
  return async () => {
    try {
      await expectNothingRefused(bed, start)
    } finally {
      if (given === undefined) await progress.step('took the bed down', () => tearDown(name))
    }
  }
}

async function startBed(name: string, progress: Progress): Promise<void> {
  try {
    await up({ name, family: 'dual', nodeCount: 2, addOns: [backend, coredns] }, progress)
  } catch (error) {
    await tearDown(name)
    if (error instanceof MissingRequirement) refuse(error.message)
    throw error
  }
}

/** Exit code 2: it is not the tests that fail. */
function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}
