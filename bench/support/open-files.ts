import { readFileSync } from 'node:fs'

/** How many files a process may open when it asks for all it may have. */
export function maxOpenFiles(): number {
  const [, limit = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return limit === 'unlimited' ? 1_048_576 : Number(limit)
}
