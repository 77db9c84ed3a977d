import { readdirSync, readFileSync } from 'node:fs'

export type ContainerProcess = {
  readonly pid: number
  readonly parent: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly residentMb: number
  readonly peakMb: number
}

/** sysconf(_SC_CLK_TCK) is 100 on every platform that Node supports. */
const tickMs = 10

/** The Node processes of a pod, which this machine runs in a container. The primary comes first. */
export function processesOfPod(uid: string): readonly ContainerProcess[] {
  const found = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readProcess(name, uid) ?? []) : []))
  return found.sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid)
}

function readProcess(pid: string, uid: string): ContainerProcess | undefined {
  try {
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    if (!cgroup.includes(uid) && !cgroup.includes(uid.replaceAll('-', '_'))) return undefined
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/')) return undefined
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return {
      pid: Number(pid),
      parent: Number(fields[1]),
      startedAt: bootTime() + Number(fields[19]) * tickMs,
      residentMb: kilobytes(status, 'VmRSS') / 1000,
      peakMb: kilobytes(status, 'VmHWM') / 1000,
    }
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

/** Milliseconds since 1970. /proc/uptime is finer than the whole seconds of btime in /proc/stat. */
function bootTime(): number {
  const [seconds = ''] = readFileSync('/proc/uptime', 'utf8').split(' ')
  return Date.now() - Number(seconds) * 1000
}

function kilobytes(status: string, field: string): number {
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024) / 1000
}
