import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts CPU time in these (sysconf(_SC_CLK_TCK) is 100 on every platform that Node supports). */
const microsecondsPerTick = 10_000

/** User and system time of a process and all below it, in microseconds. A benchmark on a shared machine can trust nothing else. */
export function cpuOfTree(pid: number): { readonly user: number; readonly system: number } {
  let user = 0
  let system = 0
  for (const id of treeOf(pid)) {
    const fields = statOf(id)
    user += Number(fields?.[11] ?? 0) * microsecondsPerTick
    system += Number(fields?.[12] ?? 0) * microsecondsPerTick
  }
  return { user, system }
}

/** Resident memory of a process and all below it, in bytes. */
export function residentOfTree(pid: number): number {
  return [...treeOf(pid)].reduce((sum, id) => sum + Number(statOf(id)?.[21] ?? 0) * 4096, 0)
}

/** The processes that one has started. */
export function childrenOf(pid: number): readonly number[] {
  return [...treeOf(pid)].filter((id) => Number(statOf(id)?.[1]) === pid)
}

export function treeOf(pid: number): ReadonlySet<number> {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const id = Number(name)
    if (Number.isInteger(id)) parents.set(id, Number(statOf(id)?.[1] ?? 0))
  }
  const tree = new Set([pid])
  for (let grown = true; grown; ) {
    grown = false
    for (const [id, parent] of parents) {
      if (!tree.has(parent) || tree.has(id)) continue
      tree.add(id)
      grown = true
    }
  }
  return tree
}

/** Fields after the name in parentheses, which may contain anything; undefined for a process that has ended. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
