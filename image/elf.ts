/** What a program or library needs of others to start. */
export type Needs = {
  /** The dynamic loader; undefined for a library and for a static program. */
  readonly interpreter: string | undefined
  /** Names of libraries, as `libc.so.6`. */
  readonly libraries: readonly string[]
}

type Segment = { readonly type: number; readonly offset: number; readonly address: number; readonly size: number }

const loadable = 1
const dynamic = 2
const interpreter = 3
const needed = 1n
const stringTable = 5n

/** Reads a 64-bit little-endian ELF file: amd64 and arm64. https://gabi.xinuos.com/elf/08-dynamic.html */
export function readNeeds(file: Buffer): Needs {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) throw new Error('not a 64-bit ELF file')
  const segments = readSegments(file)
  const interpreterSegment = segments.find(({ type }) => type === interpreter)
  const entries = readDynamicEntries(file, segments)
  const strings = entries.find(([tag]) => tag === stringTable)
  const start = strings === undefined ? 0 : fileOffset(segments, Number(strings[1]))
  return {
    interpreter: interpreterSegment === undefined ? undefined : stringAt(file, interpreterSegment.offset),
    libraries: entries.flatMap(([tag, value]) => (tag === needed ? [stringAt(file, start + Number(value))] : [])),
  }
}

function readSegments(file: Buffer): readonly Segment[] {
  const start = Number(file.readBigUInt64LE(32))
  const size = file.readUInt16LE(54)
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    }
  })
}

function readDynamicEntries(file: Buffer, segments: readonly Segment[]): readonly (readonly [bigint, bigint])[] {
  const segment = segments.find(({ type }) => type === dynamic)
  if (segment === undefined) return []
  return Array.from({ length: segment.size / 16 }, (_, index) => {
    const at = segment.offset + index * 16
    return [file.readBigUInt64LE(at), file.readBigUInt64LE(at + 8)] as const
  })
}

/** The dynamic section names addresses in memory: the loadable segment that covers one says where that is in the file. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (each) => each.type === loadable && each.address <= address && address < each.address + each.size,
  )
  if (segment === undefined) throw new Error(`no segment has the address ${address}`)
  return segment.offset + address - segment.address
}

function stringAt(file: Buffer, offset: number): string {
  return file.toString('utf8', offset, file.indexOf(0, offset))
}
