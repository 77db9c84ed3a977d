import { spawnSync } from 'node:child_process'

/** What a program says of itself; some say it on standard error, and wrk with exit code 1. */
export function versionOf([program = '', ...args]: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown'
}
