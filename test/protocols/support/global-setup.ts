import { terminalProgress } from '../../cluster/bed/progress.ts'
import { buildGoPrograms } from './go-programs.ts'
import { isMissing } from './programs.ts'

/** Before the first test, so that no test waits for a compiler. */
export async function setup(): Promise<void> {
  if (!isMissing('go')) await buildGoPrograms(terminalProgress())
}
