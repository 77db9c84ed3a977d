import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Is there a program of that name? */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

export type StartOptions = {
  readonly env?: Readonly<Record<string, string>>
  /** File descriptor for its standard output; else a pipe, which somebody must read. */
  readonly stdout?: number
  readonly stderr?: number
}

/** Starts a program on some cores (`0`, `1,3`), and lets it open as many files as the machine allows. */
export function startOn(
  cores: number | string,
  command: readonly string[],
  { env = {}, stdout, stderr }: StartOptions = {},
): ChildProcess {
  const [program = '', ...args] = onCores(cores, command)
  const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"'
  return spawn('sh', ['-c', script, 'sh', program, ...args], {
    stdio: ['ignore', stdout ?? 'pipe', stderr ?? 'inherit'],
    env: { ...process.env, ...env },
  })
}

/** The command that runs on these cores, where the machine has `taskset`. */
export function onCores(cores: number | string, command: readonly string[]): readonly string[] {
  return hasTaskset() ? ['taskset', '-c', String(cores), ...command] : command
}

let taskset: boolean | undefined

export function hasTaskset(): boolean {
  taskset ??= isInstalled('taskset')
  return taskset
}

export async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exited
  clearTimeout(late)
}

export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** Resolves when somebody listens; rejects after two minutes, or with what the check throws. */
export async function untilListening(port: number, check: () => void = () => {}): Promise<void> {
  const deadline = performance.now() + 120_000
  while (performance.now() < deadline) {
    check()
    if (await isListening(port)) return
    await sleep(50)
  }
  throw new Error(`nobody listens on ${port}`)
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return isOpen
}
