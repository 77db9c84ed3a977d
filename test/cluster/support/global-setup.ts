import type { TestProject } from 'vitest/node'
import { backend, buildAddOn, coredns, importEverywhere, metallb } from '../bed/add-ons.ts'
import { build, programsUnit } from '../bed/build.ts'
import { buildHeadgateImage } from '../bed/headgate-image.ts'
import { placeOf } from '../bed/place.ts'
import { type Progress, terminalProgress } from '../bed/progress.ts'
import { MissingRequirement, missingRequirement } from '../bed/requirements.ts'
import { openBed } from '../bed/running-bed.ts'
import { readState } from '../bed/state.ts'
import { tearDown } from '../bed/teardown.ts'
import { up } from '../bed/up.ts'
import { auditPosition, expectNothingRefused } from './audit-log.ts'
import { ownBedNames } from './own-beds.ts'
import { onAnyCluster } from './use-bed.ts'

const addOns = [backend, coredns]

/** The beds of the run. */
export async function setup({ vitest }: TestProject): Promise<() => Promise<void>> {
  const given = process.env['HEADGATE_BED']
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
  // Where a test would build it, its progress is not seen.
  await buildAddOn(metallb, progress)
  const names = given === undefined ? ownBedNames : [given]
  if (given === undefined) {
    await build(programsUnit, progress)
    for (const addOn of addOns) await buildAddOn(addOn, progress)
    await Promise.all(names.map((name) => startBed(name, progress)))
  }
  const ends = await Promise.all(names.map((name) => openFor(name, image, progress)))
  return async () => {
    try {
      for (const end of ends) await end()
    } finally {
      if (given === undefined) {
        await progress.step('took the beds down', () => Promise.all(names.map((name) => tearDown(name))))
      }
    }
  }
}

/** Returns what looks back at the end of the run. */
async function openFor(name: string, image: string, progress: Progress): Promise<() => Promise<void>> {
  const state = readState(name)
  if (state === undefined) throw new Error(`bed ${name} is gone`)
  await progress.step('image of Headgate loaded', () => importEverywhere(placeOf(state), [image]))
  const bed = openBed(name)
  const start = await auditPosition(bed)
  return () => expectNothingRefused(bed, start)
}

async function startBed(name: string, progress: Progress): Promise<void> {
  try {
    await tearDown(name)
    await up({ name, family: 'dual', nodeCount: 2, addOns }, progress)
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
