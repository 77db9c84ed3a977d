import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './run.ts'

/** A process that outlives the command that started it. A pid alone may be someone else's by now: the start time tells. */
export type ProcessRecord = { readonly pid: number; readonly startTime: string }

/** Runs on after this process has ended; output goes to log/NAME.log, its pid to pids/NAME, both in the bed's folder. */
export async function startProcess(
  folder: string,
  name: string,
  argv: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProcessRecord> {
  for (const part of ['log', 'pids']) mkdirSync(join(folder, part), { recursive: true })
  const log = openSync(logFile(folder, name), 'a')
  const [command, ...args] = argv
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env, cwd: folder })
  closeSync(log)
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const record = { pid, startTime: startTimeOf(pid) ?? '' }
  writeFileSync(pidFile(folder, name), `${record.pid} ${record.startTime}\n`)
  child.unref()
  return record
}

export function readRecord(folder: string, name: string): ProcessRecord | undefined {
  const file = pidFile(folder, name)
  if (!existsSync(file)) return undefined
  const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ')
  return pid === undefined || startTime === undefined ? undefined : { pid: Number(pid), startTime }
}

/** Of all that were started for a bed and have not ended. */
export function recordsOf(folder: string): readonly ProcessRecord[] {
  const pids = join(folder, 'pids')
  const names = existsSync(pids) ? readdirSync(pids) : []
  return names.flatMap((name) => {
    const record = readRecord(folder, name)
    return record !== undefined && isAlive(record) ? [record] : []
  })
}

function isAlive(record: ProcessRecord): boolean {
  return startTimeOf(record.pid) === record.startTime
}

/** Sends the signal and waits until the process is gone; SIGKILL where it does not go. */
export async function stopProcess(folder: string, name: string, signal: NodeJS.Signals, seconds = 30): Promise<void> {
  const record = readRecord(folder, name)
  if (record === undefined || !isAlive(record)) return
  process.kill(record.pid, signal)
  // One that was stopped does not even end: SIGSTOP is a fault of its own, the caller sends SIGCONT or SIGKILL.
  if (signal === 'SIGSTOP') return
  const gone = () => !isAlive(record)
  await until(seconds, () => '', gone).catch(() => process.kill(record.pid, 'SIGKILL'))
  await until(5, () => `${name} (pid ${record.pid}) does not end`, gone)
  rmSync(pidFile(folder, name), { force: true })
}

/** The last lines of what it said. */
export function logTail(folder: string, name: string, lines = 15): string {
  const file = logFile(folder, name)
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : ''
}

function logFile(folder: string, name: string): string {
  return join(folder, 'log', `${name}.log`)
}

function pidFile(folder: string, name: string): string {
  return join(folder, 'pids', name)
}

/** In clock ticks since the machine started (proc_pid_stat(5), field 22). Undefined for none and for a zombie. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, field 2, is in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    // No such process.
    return undefined
  }
}
