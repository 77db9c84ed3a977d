import { readFileSync, writeFileSync } from 'node:fs'
import { treeOf } from './process-cpu.ts'

/** From here on, the peak of each process of the tree is what it has then (proc(5), clear_refs). */
export function resetPeakOfTree(pid: number): void {
  for (const id of treeOf(pid)) {
    try {
      writeFileSync(`/proc/${id}/clear_refs`, '5')
    } catch {
      // It has ended, or is not ours: then the peak is that since its start.
    }
  }
}

/** Most memory that was resident, in bytes: the sum of the peaks of a process and all below it. */
export function peakOfTree(pid: number): number {
  return [...treeOf(pid)].reduce((sum, id) => sum + peakOf(id), 0)
}

function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    // It has ended meanwhile.
    return 0
  }
}
