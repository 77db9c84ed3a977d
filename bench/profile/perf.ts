import { spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { runOn } from '../load/run.ts'
import { onCores } from '../support/spawned.ts'
import { tidyPerfMap } from './perf-map.ts'
import { type Frame, type Stack, shortFile } from './stack.ts'

/** V8 writes the names of its code to /tmp/perf-PID.map, those of interpreted functions too. */
export const nodeFlagsForPerf = ['--perf-basic-prof', '--interpreted-frames-native-stack']

export type Recording = {
  readonly pid: number
  readonly seconds: number
  /** Of perf itself. */
  readonly cores: string
  /** For the raw data, which is large. */
  readonly file: string
}

export async function recordStacks({ pid, seconds, cores, file }: Recording): Promise<readonly Stack[]> {
  const what = ['-F', '999', '-g', '-p', String(pid), '-o', file]
  await runOn(cores, ['perf', 'record', ...what, '--', 'sleep', String(seconds)])
  await tidyMapOf(pid)
  const stacks = await readStacks(file, cores)
  await rm(file)
  return stacks
}

export function perfMapFile(pid: number): string {
  return `/tmp/perf-${pid}.map`
}

async function tidyMapOf(pid: number): Promise<void> {
  const tidied = await tidyPerfMap(perfMapFile(pid))
  if (tidied !== undefined) await writeFile(perfMapFile(pid), tidied)
}

async function readStacks(file: string, cores: string): Promise<readonly Stack[]> {
  const [program = '', ...args] = onCores(cores, ['perf', 'script', '-i', file, '-F', 'comm,ip,sym,dso'])
  const script = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const stacks: Stack[] = []
  let frames: Frame[] = []
  for await (const line of createInterface({ input: script.stdout })) {
    const [, name, object] = /^\s+[0-9a-f]+ (.*) \((.*)\)$/.exec(line) ?? []
    if (name !== undefined && object !== undefined) frames.push(frameOf(name, object))
    else if (line === '' && frames.length > 0) {
      stacks.push(frames)
      frames = []
    }
  }
  return stacks
}

function frameOf(symbol: string, object: string): Frame {
  if (object.startsWith('[kernel') || object.startsWith('[guest.kernel')) {
    return { name: symbol, file: 'kernel', kind: 'kernel' }
  }
  // A mark of the compiler comes before the name: ~ interpreted, ^ baseline, +, * optimised.
  const [, name, url] = /^JS:[~^+*'`]*(.*?) ?((?:file:|node:|\/)\S*?)(?::\d+:\d+)?$/.exec(symbol) ?? []
  if (name !== undefined && url !== undefined) {
    return { name: name === '' ? '(anonymous)' : name, file: shortFile(url), kind: 'javascript' }
  }
  return { name: symbol.replace(/\+0x[0-9a-f]+$/, ''), file: object.slice(object.lastIndexOf('/') + 1), kind: 'native' }
}
