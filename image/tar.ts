import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Content }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }

/** Bytes, or the file that has them: a large one is streamed. */
type Content = Uint8Array | { readonly file: string }

const blockBytes = 512

/**
 * The same entries give the same bytes, in whatever order, on whatever day, whoever writes them: sorted, one time for all, owner 0:0.
 * Folders that are only implied are written too, because an unpacker gives those it has to guess its own umask and clock.
 * Format: POSIX.1-2017 pax, https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export async function* writeTar(entries: readonly TarEntry[], modifiedSeconds: number): AsyncGenerator<Uint8Array> {
  for (const entry of inOrder(entries)) {
    const size = entry.kind === 'file' ? await sizeOf(entry.content) : 0
    yield* header(entry, size, modifiedSeconds)
    if (entry.kind !== 'file') continue
    let written = 0
    for await (const chunk of bytesOf(entry.content)) {
      written += chunk.length
      yield chunk
    }
    if (written !== size) throw new Error(`${entry.path} had ${size} bytes and then ${written}`)
    yield new Uint8Array(padding(size))
  }
  yield new Uint8Array(2 * blockBytes)
}

function inOrder(entries: readonly TarEntry[]): readonly TarEntry[] {
  const byPath = new Map<string, TarEntry>()
  for (const entry of entries) {
    if (!isRelative(entry.path)) throw new Error(`not a path inside an archive: ${JSON.stringify(entry.path)}`)
    if (byPath.has(entry.path)) throw new Error(`twice in one archive: ${entry.path}`)
    byPath.set(entry.path, entry)
  }
  for (const { path } of entries) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      if (!byPath.has(folder)) byPath.set(folder, { kind: 'directory', path: folder, mode: 0o755 })
    }
  }
  // By code unit, not by locale. A folder is a prefix of what is in it, so it comes first.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function isRelative(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

async function sizeOf(content: Content): Promise<number> {
  return content instanceof Uint8Array ? content.length : (await stat(content.file)).size
}

async function* bytesOf(content: Content): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content
  else yield* createReadStream(content.file, { highWaterMark: 1 << 20 })
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes
}

function* header(entry: TarEntry, size: number, modifiedSeconds: number): Generator<Uint8Array> {
  const path = entry.kind === 'directory' ? `${entry.path}/` : entry.path
  const target = entry.kind === 'symlink' ? entry.target : ''
  const records = [...paxRecord('path', path), ...paxRecord('linkpath', target)]
  if (records.length > 0) {
    const body = Buffer.concat(records)
    yield ustarHeader({ path: 'pax', type: 'x', mode: 0o644, size: body.length, target: '', modifiedSeconds })
    yield body
    yield new Uint8Array(padding(body.length))
  }
  const type = { file: '0', symlink: '2', directory: '5' }[entry.kind]
  const mode = entry.kind === 'symlink' ? 0o777 : entry.mode
  yield ustarHeader({ path, type, mode, size, target, modifiedSeconds })
}

/** Only for what the 100 bytes of the ustar field cannot hold: the length at its start counts itself. */
function paxRecord(key: string, value: string): readonly Uint8Array[] {
  if (Buffer.byteLength(value) <= 100 && isAscii(value)) return []
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (rest + String(length).length !== length) length = rest + String(length).length
  return [Buffer.from(`${length} ${key}=${value}\n`)]
}

function isAscii(value: string): boolean {
  return Buffer.byteLength(value) === value.length
}

type UstarFields = {
  readonly path: string
  readonly type: string
  readonly mode: number
  readonly size: number
  readonly target: string
  readonly modifiedSeconds: number
}

function ustarHeader({ path, type, mode, size, target, modifiedSeconds }: UstarFields): Uint8Array {
  const block = Buffer.alloc(blockBytes)
  // Longer ones are cut here: the pax record before this block has them whole.
  block.write(path, 0, 100)
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(modifiedSeconds, 11), 136)
  block.write(' '.repeat(8), 148)
  block.write(type, 156)
  block.write(target, 157, 100)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

function octal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, '0')
  if (text.length > digits) throw new Error(`${value} does not fit into a tar header`)
  return text
}
