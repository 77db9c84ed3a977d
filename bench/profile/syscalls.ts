import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { isInstalled } from '../support/spawned.ts'

/** Calls by name. */
export type SyscallCounts = ReadonlyMap<string, number>

/** What a proxy may call for a request; the rest is counted together. */
const told = [
  ...['read', 'readv', 'recvfrom', 'recvmsg', 'write', 'writev', 'sendto', 'sendmsg', 'sendfile64'],
  ...[
    'epoll_wait',
    'epoll_pwait',
    'epoll_pwait2',
    'epoll_ctl',
    'accept',
    'accept4',
    'socket',
    'connect',
    'shutdown',
    'close',
  ],
  ...['getsockopt', 'setsockopt', 'futex', 'madvise', 'mprotect', 'mmap', 'munmap', 'brk', 'io_uring_enter', 'getpid'],
] as const

/** The time that a counter needs before it counts. It tells nobody that it does. */
const attachMs = 1_000

/** Counts what all threads of a process call while something goes on; undefined where the machine has nothing to count with. */
export async function countSyscalls(pid: number, during: () => Promise<void>): Promise<SyscallCounts | undefined> {
  for (const counter of [perfStat, strace]) {
    const [program = '', ...args] = counter.command(pid)
    if (!isInstalled(program)) continue
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const output = text(child.stderr)
    const exited = once(child, 'exit')
    await sleep(attachMs)
    // It has ended by now where the kernel does not let it count.
    if (child.exitCode !== null) continue
    await during()
    child.kill('SIGINT')
    await exited
    return counter.parse(await output)
  }
  return undefined
}

type Counter = { command(pid: number): readonly string[]; parse(output: string): SyscallCounts }

/** Costs the process almost nothing, so that it is seen as it is: as many requests for each wait as without it. */
const perfStat: Counter = {
  command(pid) {
    const events = [...told.map((name) => `syscalls:sys_enter_${name}`), 'raw_syscalls:sys_enter']
    return ['perf', 'stat', '-x,', '-e', events.join(','), '-p', String(pid)]
  },
  parse(output) {
    const counts = new Map<string, number>()
    let total = 0
    for (const line of output.split('\n')) {
      const [, count, name] = /^(\d+),.*?(?:raw_syscalls|syscalls):sys_enter_?(\w*)/.exec(line) ?? []
      if (name === '') total = Number(count)
      else if (name !== undefined) counts.set(name, Number(count))
    }
    const known = [...counts.values()].reduce((sum, count) => sum + count, 0)
    return counts.set('others', Math.max(0, total - known))
  },
}

/** Slows the process down several times over: it finds more to do after each wait than it would have. */
const strace: Counter = {
  command: (pid) => ['strace', '-c', '-f', '-p', String(pid)],
  parse(output) {
    const counts = new Map<string, number>()
    for (const line of output.split('\n')) {
      const [, calls, name] = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/.exec(line) ?? []
      if (name !== undefined && name !== 'total') counts.set(name, Number(calls))
    }
    return counts
  },
}
