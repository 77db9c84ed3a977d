import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deadPort } from '../support/dead-port.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, ok, startOrigin } from '../support/origin.ts'
import { openPipe } from '../support/pipe.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder = ''
let origin: Origin
let started: Running | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  origin = await startOrigin(() => ok('app'))
})

afterEach(async () => {
  started?.child.kill('SIGKILL')
  await origin.close()
  rmSync(folder, { recursive: true })
})

type Running = {
  readonly child: ChildProcess
  readonly reader: Socket
  readonly http: string
  readonly admin: string
  /** All that was read. */
  readonly output: () => string
}

/** Standard output and standard error are one pipe, as `2>&1` and some container runtimes have it. */
async function start(flags: readonly string[], more: readonly number[] = []): Promise<Running> {
  const served = join(folder, 'app.yaml')
  writeFileSync(served, toYaml(ingress({ host: 'app.example.com' }), service('app', [origin.port, ...more])))
  const { reader, writeEnd } = openPipe(folder)
  const ports = ['--http-port=0', '--https-port=off', '--admin-port=0', '--bind=127.0.0.1']
  const child = spawn(process.execPath, [main, 'serve', '--manifests', served, ...ports, ...flags], {
    stdio: ['ignore', writeEnd, writeEnd],
  })
  closeSync(writeEnd)
  let output = ''
  reader.on('data', (chunk) => {
    output += chunk.toString()
  })
  let ready: RegExpExecArray | null = null
  while (ready === null) {
    await once(reader, 'data')
    ready = /^headgate ready http=(\d+) admin=(\d+)$/m.exec(output)
  }
  const [, http, admin] = ready
  started = {
    child,
    reader,
    http: `http://127.0.0.1:${http}/`,
    admin: `http://127.0.0.1:${admin}`,
    output: () => output,
  }
  return started
}

async function ask({ http }: Running): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  get(http, { headers: { host: 'app.example.com' }, agent: false }, async (answer) => {
    let text = `${answer.statusCode} `
    for await (const chunk of answer) text += chunk.toString()
    resolve(text)
  }).on('error', reject)
  return promise
}

async function dropped({ admin }: Running): Promise<number> {
  const page = await (await fetch(`${admin}/metrics`)).text()
  return Number(/^headgate_log_lines_dropped_total (\d+)$/m.exec(page)?.[1])
}

/** Each is a problem, and a line of the log when it comes and when it goes. */
function faulty(round: number): string {
  const names = Array.from({ length: 150 }, (_, index) => `f${round}-${index}`)
  return toYaml(
    service('app', [origin.port]),
    ingress({ host: 'app.example.com' }),
    names.map((name) =>
      ingress({ name: name + 'x'.repeat(200), host: `${name}.example.com`, paths: [{ service: name }] }),
    ),
  )
}

describe.each(['--workers=0', '--workers=1'])('a log that nobody reads (%s)', (workers) => {
  it('P8 holds up neither traffic nor changes, is cut and counted, and goes on when it is read', async () => {
    const gateway = await start([workers])
    const { reader, child, output } = gateway
    expect(await dropped(gateway)).toBe(0)
    reader.pause()
    for (let round = 1; (await dropped(gateway)) === 0; round++) {
      await writeFile(join(folder, 'next'), faulty(round))
      await rename(join(folder, 'next'), join(folder, 'app.yaml'))
      while (!(await (await fetch(`${gateway.admin}/routes`)).text()).includes(`f${round}-149`)) {
        expect(await ask(gateway)).toBe('200 app')
      }
    }
    expect(await ask(gateway)).toBe('200 app')
    reader.resume()
    while (!output().includes('f1-149')) await once(reader, 'data')
    child.kill('SIGTERM')
    await once(reader, 'end')
    const lines = output().trimEnd().split('\n')
    const messages = lines.filter((line) => !line.startsWith('headgate ready')).map((line) => JSON.parse(line).message)
    expect(messages.at(-1)).toBe('stopped')
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(0)
  })
})

/** Until it takes nothing more. A reader that is paused still takes what its own buffer has room for, a turn later. */
async function fill(): Promise<void> {
  const writeEnd = openSync(join(folder, 'pipe'), constants.O_WRONLY | constants.O_NONBLOCK)
  for (let refused = 0; refused < 20; ) {
    refused = takes(writeEnd) ? 0 : refused + 1
    await setImmediate()
  }
  closeSync(writeEnd)
}

function takes(writeEnd: number): boolean {
  try {
    return writeSync(writeEnd, `${'x'.repeat(4095)}\n`) > 0
  } catch {
    // EAGAIN: it is full.
    return false
  }
}

describe('a worker whose log nobody reads', () => {
  it('ends with the rest when it is asked to', async () => {
    const { child, reader } = await start(['--workers=1', '--access-log=json'])
    reader.pause()
    await fill()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('answers though it has something to tell, and tells it later', async () => {
    const gateway = await start(['--workers=1'], [await deadPort()])
    gateway.reader.pause()
    await fill()
    // Every other one meets the dead endpoint first.
    for (let i = 0; i < 4; i++) expect(await ask(gateway)).toBe('200 app')
    gateway.reader.resume()
    const told = /^\{.*"worker":\d+,.*"message":"endpoint ejected"\}$/m
    while (!told.test(gateway.output())) await once(gateway.reader, 'data')
  })
})
