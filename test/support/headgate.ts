import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Headgate = {
  readonly http: number
  readonly https: number
  readonly admin: number
  readonly process: ChildProcess
  /** Everything it has printed so far. */
  readonly output: () => string
  /** Writes a file into the folder it serves, in one step as a careful editor would. */
  write(name: string, text: string): Promise<void>
  remove(name: string): Promise<void>
  /** A page of the admin listener. */
  page(path: string): Promise<string>
  /** Resolves when /routes satisfies the test: the moment at which a change is live in the control plane. */
  routesUntil(test: (routes: string) => boolean): Promise<void>
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>
}

export type HeadgateOptions = {
  /** Files of the folder it serves, by name. Left out: no --manifests. */
  readonly manifests?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the real program on ports that the system picks. */
export async function startHeadgate({ manifests, flags = [], env = {} }: HeadgateOptions): Promise<Headgate> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-test-'))
  for (const [name, text] of Object.entries(manifests ?? {})) await writeFile(join(folder, name), text)
  const child = spawn(
    process.execPath,
    [
      main,
      'serve',
      ...(manifests === undefined ? [] : ['--manifests', folder]),
      '--http-port=0',
      '--https-port=0',
      '--admin-port=0',
      '--bind=127.0.0.1',
      ...['--lame-duck-seconds=0', '--workers=0'].filter((preset) => !isGiven(preset, flags)),
      ...flags,
    ],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  const ready = new Promise<RegExpExecArray>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      const line = /^headgate ready http=(\d+) https=(\d+) admin=(\d+)$/m.exec(output)
      if (line !== null) resolve(line)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => reject(new Error(`headgate ended with ${code}: ${output}`)))
  })
  const [, http, https, admin] = await ready
  const page = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${admin}${path}`)).text()
  return {
    http: Number(http),
    https: Number(https),
    admin: Number(admin),
    process: child,
    output: () => output,
    page,
    async write(name, text) {
      await writeFile(join(folder, `.${name}.new`), text)
      await rename(join(folder, `.${name}.new`), join(folder, name))
    },
    remove: (name) => rm(join(folder, name)),
    async routesUntil(test) {
      while (!test(await page('/routes'))) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    async stop() {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
      return child.exitCode
    },
  }
}

function isGiven(preset: string, flags: readonly string[]): boolean {
  const [name = ''] = preset.split('=')
  return flags.some((flag) => flag.startsWith(`${name}=`))
}
