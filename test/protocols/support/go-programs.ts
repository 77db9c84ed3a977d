import { join } from 'node:path'
import { type BuildUnit, build, stripped } from '../../cluster/bed/build.ts'
import type { Progress } from '../../cluster/bed/progress.ts'

const unit: BuildUnit = {
  name: 'protocols',
  module: join(import.meta.dirname, '../go'),
  // h2spec is the tool of go.mod.
  packages: ['tool', './client'],
  flags: stripped,
  sources: ['client/*.go'],
}

/** The folder with the programs; what was built before is used again, as for the test cluster. */
export function buildGoPrograms(progress: Progress): Promise<string> {
  return build(unit, progress)
}

/** The path of one of them, which the global setup has built. */
export async function goProgram(name: 'h2spec' | 'client'): Promise<string> {
  return join(await buildGoPrograms({ step: (_what, work) => work(), say: () => {} }), name)
}
