import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withoutFirst } from '../../src/log-write.ts'
import { openPipe, textOf } from '../support/pipe.ts'
import type { WriterReport } from './access-log-writer.ts'

const program = fileURLToPath(new URL('access-log-writer.ts', import.meta.url))

let folder = ''
let started: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-access-log-'))
})

afterEach(() => {
  for (const child of started) child.kill('SIGKILL')
  started = []
  rmSync(folder, { recursive: true })
})

type Ending = 'close' | 'exit' | 'end' | 'stay'
type Writer = {
  readonly child: ChildProcess
  report(state: WriterReport['state']): Promise<WriterReport>
  /** Has it write another line. */
  ask(): Promise<WriterReport>
  readonly exitCode: Promise<number | null>
}

function startWriter(stdout: number | 'pipe' | Socket, name: string, lines: number, ending: Ending, mode = ''): Writer {
  const stdio = ['ignore', stdout, 'inherit', 'ipc'] as const
  return watch(spawn(process.execPath, ['--expose-gc', program, name, `${lines}`, ending, mode], { stdio: [...stdio] }))
}

function watch(child: ChildProcess): Writer {
  started.push(child)
  const reports: WriterReport[] = []
  child.on('message', (report: WriterReport) => reports.push(report))
  return {
    child,
    async report(state) {
      for (;;) {
        const found = reports.find((report) => report.state === state)
        if (found !== undefined) return found
        await once(child, 'message')
      }
    },
    async ask() {
      child.send('a line and a report')
      const [report] = await once(child, 'message')
      return report
    },
    exitCode: new Promise((resolve) => {
      child.once('exit', (code) => resolve(code))
    }),
  }
}

/** Ids by writer. Throws where one line is not a whole one. */
function idsIn(text: string): Record<string, number[]> {
  expect(text === '' || text.endsWith('\n')).toBe(true)
  const ids: Record<string, number[]> = {}
  for (const line of text.split('\n').slice(0, -1)) {
    const { requestId, message } = JSON.parse(line)
    expect(message).toBe('request')
    const [name = '', number] = requestId.split('-')
    ids[name] ??= []
    ids[name].push(Number(number))
  }
  return ids
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

describe('the access log on a pipe', () => {
  it('of two processes arrives in whole lines, each once, those of one process in order', async () => {
    const { reader, writeEnd } = openPipe(folder)
    const writers = ['a', 'b'].map((name) => startWriter(writeEnd, name, 3_000, 'close'))
    closeSync(writeEnd)
    const ids = idsIn(await textOf(reader))
    expect(ids).toEqual({ a: upTo(3_000), b: upTo(3_000) })
    for (const writer of writers) expect(await writer.report('closed')).toMatchObject({ written: 3_000, dropped: 0 })
  })

  it('that nobody reads neither stops the process nor fills its memory, and what arrives later are whole lines', async () => {
    const { reader, writeEnd } = openPipe(folder)
    // About 30 MB each; 4 MB and what fits into the pipe are kept.
    const writers = ['a', 'b'].map((name) => startWriter(writeEnd, name, 30_000, 'stay'))
    closeSync(writeEnd)
    for (const writer of writers) {
      const { written, dropped, memory } = await writer.report('handed-over')
      expect(dropped).toBeGreaterThan(20_000)
      expect(written).toBeLessThan(500)
      expect(memory).toBeLessThan(30_000_000)
    }
    let text = ''
    const heardOf = new Set<string>()
    reader.on('data', (chunk) => {
      text += chunk.toString()
      for (const [, name = ''] of chunk.toString().matchAll(/"(\w)-asked"/g)) heardOf.add(name)
    })
    // Once it is read again, it is written again.
    while (heardOf.size < writers.length) {
      for (const { child } of writers) child.send('a line')
      await once(reader, 'data')
    }
    for (const { child } of writers) child.kill('SIGKILL')
    await once(reader, 'end')
    const ids = idsIn(text)
    for (const name of ['a', 'b']) {
      const kept = (ids[name] ?? []).filter((id) => !Number.isNaN(id))
      expect(kept.slice(0, 3_000)).toEqual(upTo(3_000))
      // A short line may find room where those before it did not.
      expect(kept).toEqual([...new Set(kept)].toSorted((a, b) => a - b))
    }
  })

  it('that nobody reads does not keep a process that closes it, and every line is accounted for', async () => {
    const { reader, writeEnd } = openPipe(folder)
    const writer = startWriter(writeEnd, 'a', 2_000, 'close')
    closeSync(writeEnd)
    const { written, dropped } = await writer.report('closed')
    expect(await writer.exitCode).toBe(0)
    expect(written + dropped).toBe(2_000)
    expect(dropped).toBeGreaterThan(0)
    expect(idsIn(await textOf(reader))).toEqual({ a: upTo(written) })
  })

  it('whose reader has gone costs lines and nothing else', async () => {
    const { reader, writeEnd } = openPipe(folder)
    const writer = startWriter(writeEnd, 'a', 5_000, 'close')
    closeSync(writeEnd)
    await once(reader, 'data')
    reader.destroy()
    const { written, dropped } = await writer.report('closed')
    expect(written + dropped).toBe(5_000)
    expect(dropped).toBeGreaterThan(0)
    expect(await writer.exitCode).toBe(0)
  })

  it('whose reader had gone before the start costs lines and nothing else', async () => {
    const { reader, writeEnd } = openPipe(folder)
    reader.destroy()
    await once(reader, 'close')
    const writer = startWriter(writeEnd, 'a', 500, 'close')
    closeSync(writeEnd)
    expect(await writer.report('closed')).toMatchObject({ written: 0, dropped: 500 })
    expect(await writer.exitCode).toBe(0)
  })

  it('shows a single line soon, though no other follows', async () => {
    const { reader, writeEnd } = openPipe(folder)
    const { child } = startWriter(writeEnd, 'a', 1, 'stay')
    closeSync(writeEnd)
    const [first] = await once(reader, 'data')
    expect(idsIn(first.toString())).toEqual({ a: [1] })
    child.send('a line')
    const [second] = await once(reader, 'data')
    expect(second.toString()).toContain('a-asked')
    reader.destroy()
  })

  it.each(['exit', 'end'] as const)('has the last lines of a process that forgets to close it (%s)', async (ending) => {
    const { reader, writeEnd } = openPipe(folder)
    const writer = startWriter(writeEnd, 'a', 20, ending)
    closeSync(writeEnd)
    expect(idsIn(await textOf(reader))).toEqual({ a: upTo(20) })
    expect(await writer.exitCode).toBe(0)
  })
})

describe('the access log on something else', () => {
  it('is a file that two processes append to, in whole lines', async () => {
    const path = join(folder, 'log')
    const file = openSync(path, 'w')
    const writers = ['a', 'b'].map((name) => startWriter(file, name, 3_000, 'close'))
    closeSync(file)
    for (const writer of writers) {
      expect(await writer.report('closed')).toMatchObject({ written: 3_000, dropped: 0 })
      expect(await writer.exitCode).toBe(0)
    }
    expect(idsIn(readFileSync(path, 'utf8'))).toEqual({ a: upTo(3_000), b: upTo(3_000) })
  })

  it('is a file that has the last lines of a process that forgets to close it', async () => {
    const path = join(folder, 'log')
    const file = openSync(path, 'w')
    const writer = startWriter(file, 'a', 20, 'exit')
    closeSync(file)
    expect(await writer.exitCode).toBe(0)
    expect(idsIn(readFileSync(path, 'utf8'))).toEqual({ a: upTo(20) })
  })

  it('is a socket', async () => {
    // As many as find room whatever the pace of the reader: at its end a process waits for a moment only.
    const writer = startWriter('pipe', 'a', 300, 'close')
    const { stdout } = writer.child
    if (stdout === null) throw new Error('there is no stdout')
    expect(idsIn(await textOf(stdout))).toEqual({ a: upTo(300) })
    expect(await writer.report('closed')).toMatchObject({ written: 300, dropped: 0 })
  })

  it('is a socket that one of two processes made non-blocking for both, in whole lines', async () => {
    const path = join(folder, 'socket')
    const server = createServer().listen(path)
    await once(server, 'listening')
    const shared = connect(path)
    const [received]: Socket[] = await once(server, 'connection')
    if (received === undefined) throw new Error('there is no connection')
    const writers = ['a', 'b'].map((name) => startWriter(shared, name, 500, 'stay', 'non-blocking'))
    shared.destroy()
    server.close()
    // More than such a socket holds while nobody reads.
    for (const writer of writers) await writer.report('handed-over')
    let text = ''
    received.on('data', (chunk) => {
      text += chunk.toString()
    })
    while (text.split('\n').length <= 1_000) await once(received, 'data')
    expect(idsIn(text)).toEqual({ a: upTo(500), b: upTo(500) })
    for (const writer of writers) expect(await writer.ask()).toMatchObject({ dropped: 0 })
  })

  it('is a socket that nobody reads: lines are dropped, memory stays, the process ends', async () => {
    const writer = startWriter('pipe', 'a', 30_000, 'close')
    const { dropped, memory } = await writer.report('handed-over')
    expect(dropped).toBeGreaterThan(20_000)
    expect(memory).toBeLessThan(30_000_000)
    const closed = await writer.report('closed')
    expect(closed.written + closed.dropped).toBe(30_000)
    writer.child.stdout?.destroy()
    expect(await writer.exitCode).toBe(0)
  })

  it('is a file that may not grow any further: what is written is right, the rest dropped and counted', async () => {
    const path = join(folder, 'log')
    const script = 'ulimit -f 20; exec "$0" "$1" a 500 close > "$2"'
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
    const writer = watch(spawn('/bin/sh', ['-c', script, process.execPath, program, path], { stdio: [...stdio] }))
    const { written, dropped } = await writer.report('closed')
    expect(written + dropped).toBe(500)
    expect(dropped).toBeGreaterThan(400)
    const whole = readFileSync(path, 'utf8').replace(/[^\n]+$/, '')
    const { a: ids = [] } = idsIn(whole)
    expect(ids.length).toBeGreaterThan(0)
    expect(ids).toEqual(upTo(ids.length))
    expect(statSync(path).size % 512).toBe(0)
    expect(await writer.exitCode).toBe(0)
  })

  it('is a full disk: lines are dropped and counted', async () => {
    const full = openSync('/dev/full', 'w')
    const writer = startWriter(full, 'a', 500, 'close')
    closeSync(full)
    expect(await writer.report('closed')).toMatchObject({ written: 0, dropped: 500 })
    expect(await writer.exitCode).toBe(0)
  })

  it('is a full disk: what it drops is counted while it runs', async () => {
    const full = openSync('/dev/full', 'w')
    const writer = startWriter(full, 'a', 10, 'stay')
    closeSync(full)
    await writer.report('handed-over')
    for (let dropped = 0; dropped < 10; { dropped } = await writer.ask());
    expect(await writer.ask()).toMatchObject({ written: 0 })
  })
})

describe('what is left of chunks after a short write', () => {
  it('is all behind the bytes that were written', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(chunks, fc.nat(25), (arrays, bytes) => {
        const all = Buffer.concat(arrays)
        const rest = withoutFirst(
          Math.min(bytes, all.length),
          arrays.map((array) => Buffer.from(array)),
        )
        expect(Buffer.concat(rest)).toEqual(all.subarray(bytes))
        expect(rest.every(({ length }) => length > 0)).toBe(true)
      }),
    )
  })
})
