import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Measured, MeasureOptions } from './measure.ts'

const childFile = fileURLToPath(new URL('child.ts', import.meta.url))

/** Names of the files of such a folder that measure something. */
export function benchNames(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'main.ts')
  return files.map((name) => name.slice(0, -'.ts'.length))
}

export type FileResult =
  | { readonly kind: 'measured'; readonly cases: readonly Measured[] }
  | { readonly kind: 'failed'; readonly reason: string }

/** The file may be of another commit than this one. */
export async function runFile(file: string, options: MeasureOptions): Promise<FileResult> {
  const args = [childFile, file, String(options.rounds), String(options.roundMs)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  if (code !== 0) return { kind: 'failed', reason: reasonIn(errors) }
  return { kind: 'measured', cases: output.split('\n').filter(Boolean).map(parseMeasured) }
}

function reasonIn(errors: string): string {
  return errors.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? errors.trim().slice(-200)
}

function parseMeasured(line: string): Measured {
  return JSON.parse(line)
}
