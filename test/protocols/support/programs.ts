import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasBuilt } from '../../cluster/bed/build-cache.ts'

/** Programs that npm does not bring, and how to get them. */
const sources = {
  chromium: 'apt-get install chromium',
  curl: 'apt-get install curl',
  go: 'https://go.dev/dl, 1.26 or later',
  h2load: 'apt-get install nghttp2-client',
  nghttp: 'apt-get install nghttp2-client',
}

export type ProgramName = keyof typeof sources

export function isMissing(name: ProgramName): boolean {
  return !isOnPath(name) && !(name === 'go' && hasBuilt('protocols'))
}

/** Whether tests that need it are left out, which is then said. CI installs it: there its absence is a failure. */
export function isSkipped(name: ProgramName): boolean {
  if (!isMissing(name) || process.env['CI'] !== undefined) return false
  console.warn(`NOT tested with ${name}: ${sentence(name)}`)
  return true
}

export function requireProgram(name: ProgramName): void {
  if (isMissing(name)) throw new Error(sentence(name))
}

function sentence(name: ProgramName): string {
  return `${name} is missing (${sources[name]})`
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, name)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there or not for us: the next folder is asked.
    return false
  }
}
