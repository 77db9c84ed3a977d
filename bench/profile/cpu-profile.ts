import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Frame, type Stack, shortFile } from './stack.ts'

/** As V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile. Times in microseconds. */
type CpuProfile = {
  readonly nodes: readonly ProfileNode[]
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

type ProfileNode = {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

/** Of the monotonic clock, which is the same for all processes. */
export type Period = { readonly fromMs: number; readonly toMs: number }

/** V8's own profiler knows functions that were inlined into others, which perf does not; it knows nothing below JavaScript. */
export function nodeFlagsForCpuProfile(folder: string): readonly string[] {
  return ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${folder}`]
}

/** The samples of a process that has ended, without those in which it had nothing to do. */
export async function readCpuProfile(folder: string, pid: number, period: Period): Promise<readonly Stack[]> {
  // CPU.date.time.pid.thread.number.cpuprofile
  const name = (await readdir(folder)).find((each) => each.split('.')[3] === String(pid))
  if (name === undefined) throw new Error(`process ${pid} left no profile`)
  const profile: CpuProfile = JSON.parse(await readFile(join(folder, name), 'utf8'))
  const stacks = stacksById(profile.nodes)
  const wanted: Stack[] = []
  let time = profile.startTime
  for (const [i, id] of profile.samples.entries()) {
    time += profile.timeDeltas[i] ?? 0
    const stack = stacks.get(id)
    if (stack !== undefined && time >= period.fromMs * 1e3 && time <= period.toMs * 1e3) wanted.push(stack)
  }
  return wanted.filter(([leaf]) => leaf !== undefined && leaf.name !== '(idle)')
}

function stacksById(nodes: readonly ProfileNode[]): ReadonlyMap<number, Stack> {
  const stacks = new Map<number, Stack>()
  // A node comes after its parent; the first one is the root.
  for (const { id, callFrame, children = [] } of nodes) {
    const callers = stacks.get(id) ?? []
    const stack = callFrame.functionName === '(root)' ? [] : [frameOf(callFrame), ...callers]
    stacks.set(id, stack)
    for (const child of children) stacks.set(child, stack)
  }
  return stacks
}

function frameOf({ functionName, url }: ProfileNode['callFrame']): Frame {
  if (url !== '') return { name: functionName || '(anonymous)', file: shortFile(url), kind: 'javascript' }
  return { name: functionName || '(anonymous)', file: 'V8', kind: 'native' }
}
