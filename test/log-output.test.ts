import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LogWriterReport } from './log-writer.ts'
import { openPipe, textOf } from './support/pipe.ts'

const program = fileURLToPath(new URL('log-writer.ts', import.meta.url))

let folder = ''
let started: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-log-'))
})

afterEach(() => {
  for (const child of started) child.kill('SIGKILL')
  started = []
  rmSync(folder, { recursive: true })
})

type Ending = 'crash' | 'reject' | 'exit' | 'end' | 'stay'

type Writer = {
  readonly child: ChildProcess
  /** When all lines have been handed to the log, or another one was. */
  readonly report: () => Promise<LogWriterReport>
  readonly exitCode: Promise<number | null>
}

function startWriter(stdout: number | 'pipe', lines: number, ending: Ending, text = 'x'): Writer {
  const stdio = ['ignore', stdout, 'inherit', 'ipc'] as const
  const child = spawn(process.execPath, [program, `${lines}`, ending, text], { stdio: [...stdio] })
  started.push(child)
  if (typeof stdout === 'number') closeSync(stdout)
  return {
    child,
    report: async () => (await once(child, 'message'))[0],
    exitCode: once(child, 'exit').then(([code]) => code),
  }
}

type Line = { readonly id?: number | 'asked'; readonly message: string; readonly error?: { readonly message: string } }

/** Throws where one line is not a whole one. */
function linesIn(text: string): Line[] {
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

function idsIn(text: string): (number | 'asked')[] {
  return linesIn(text).flatMap(({ id }) => (id === undefined ? [] : [id]))
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

const lastWords: readonly [Ending, number, object][] = [
  ['crash', 1, { message: 'fatal error', error: { message: 'a bug' }, origin: 'uncaughtException' }],
  ['reject', 1, { message: 'fatal error', error: { message: 'a bug' }, origin: 'unhandledRejection' }],
  ['exit', 3, { message: 'last words' }],
]

describe('the program log on a pipe', () => {
  it('that nobody reads holds up nobody: lines are dropped and counted, and what is read later are whole ones in order', async () => {
    const { reader, writeEnd } = openPipe(folder)
    // About 5 MB; 1 MB and what fits into the pipe are kept.
    const { child, report } = startWriter(writeEnd, 10_000, 'stay')
    const { dropped } = await report()
    expect(dropped).toBeGreaterThan(5_000)
    let text = ''
    reader.on('data', (chunk) => {
      text += chunk.toString()
    })
    // Once it is read again, it is written again.
    while (!text.includes('"id":"asked"')) {
      child.send('a line')
      await once(reader, 'data')
    }
    child.kill('SIGKILL')
    await once(reader, 'end')
    const kept = idsIn(text).filter((id) => id !== 'asked')
    expect(kept.slice(0, 1_500)).toEqual(upTo(1_500))
    expect(kept).toEqual(kept.toSorted((a, b) => a - b))
    expect(kept.length).toBe(10_000 - dropped)
  })

  it.each(lastWords)('has every line and the last words of a process that ends (%s)', async (ending, code, words) => {
    const { reader, writeEnd } = openPipe(folder)
    const { report, exitCode } = startWriter(writeEnd, 1_000, ending)
    // By now it waits for room: a pipe holds 64 KiB, and these are 500.
    expect(await report()).toMatchObject({ dropped: 0 })
    const text = await textOf(reader)
    expect(idsIn(text)).toEqual(upTo(1_000))
    expect(linesIn(text).at(-1)).toMatchObject(words)
    expect(await exitCode).toBe(code)
  })

  it.each(lastWords)('that nobody reads does not keep a process that ends (%s)', async (ending, code) => {
    const { reader, writeEnd } = openPipe(folder)
    const { exitCode } = startWriter(writeEnd, 1_000, ending)
    expect(await exitCode).toBe(code)
    const ids = idsIn(await textOf(reader))
    expect(ids.length).toBeGreaterThan(0)
    expect(ids).toEqual(upTo(ids.length))
  })

  it('whose reader has gone costs lines and nothing else', async () => {
    const { reader, writeEnd } = openPipe(folder)
    const { child, report, exitCode } = startWriter(writeEnd, 1_000, 'stay')
    await once(reader, 'data')
    reader.destroy()
    let { dropped } = await report()
    while (dropped < 500) {
      child.send('a line')
      dropped = (await report()).dropped
    }
    child.disconnect()
    expect(await exitCode).toBe(0)
  })

  it('keeps what is not ASCII', async () => {
    const { reader, writeEnd } = openPipe(folder)
    startWriter(writeEnd, 3, 'end', '\u00e9\u20ac\u{1f600}')
    expect(linesIn(await textOf(reader))).toMatchObject(
      [1, 2, 3].map((id) => ({ text: '\u00e9\u20ac\u{1f600}'.repeat(id) })),
    )
  })
})

describe('the program log on something else', () => {
  it.each(lastWords)('is a file, with the last words (%s)', async (ending, code, words) => {
    const path = join(folder, 'log')
    const { exitCode } = startWriter(openSync(path, 'w'), 1_000, ending)
    expect(await exitCode).toBe(code)
    const text = readFileSync(path, 'utf8')
    expect(idsIn(text)).toEqual(upTo(1_000))
    expect(linesIn(text).at(-1)).toMatchObject(words)
  })

  it.each(lastWords)('is a socket, with the last words (%s)', async (ending, code, words) => {
    const { child, exitCode } = startWriter('pipe', 1_000, ending)
    if (child.stdout === null) throw new Error('there is no stdout')
    const text = await textOf(child.stdout)
    expect(idsIn(text)).toEqual(upTo(1_000))
    expect(linesIn(text).at(-1)).toMatchObject(words)
    expect(await exitCode).toBe(code)
  })

  it('is a socket that nobody reads: the process goes on, and ends', async () => {
    const { child, report } = startWriter('pipe', 10_000, 'stay')
    expect((await report()).dropped).toBeGreaterThan(5_000)
    const ended = once(child, 'exit')
    child.disconnect()
    expect(await ended).toEqual([0, null])
  })

  it('is a full disk: lines are dropped and counted', async () => {
    const { child, report } = startWriter(openSync('/dev/full', 'w'), 10, 'stay')
    let { dropped } = await report()
    while (dropped < 10) {
      child.send('a line')
      dropped = (await report()).dropped
    }
    child.disconnect()
  })
})
