/** A 64-bit ELF file that is nothing but its needs. */
export function elfFile({
  interpreter,
  libraries,
}: {
  readonly interpreter?: string
  readonly libraries: readonly string[]
}): Buffer {
  const headers = 64 + 3 * 56
  // An address in memory that is not the place in the file, as in real ones.
  const base = 0x400000
  const strings = Buffer.from(['', ...libraries, ''].join('\0'))
  const loader = Buffer.from(`${interpreter ?? ''}\0`)
  const entries = libraries.map((name) => [1, strings.indexOf(`\0${name}\0`) + 1] as const)
  const tags = [...entries, [5, base + headers] as const, [0, 0] as const]
  const loaderAt = headers + strings.length
  const tagsAt = loaderAt + loader.length
  const file = Buffer.alloc(tagsAt + tags.length * 16)
  file.writeUInt32BE(0x7f454c46, 0)
  file.set([2, 1, 1], 4)
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(3, 56)
  const segments = [
    [1, 0, base, file.length],
    [2, tagsAt, base + tagsAt, tags.length * 16],
    interpreter === undefined ? [0, 0, 0, 0] : [3, loaderAt, base + loaderAt, loader.length],
  ]
  segments.forEach(([type = 0, offset = 0, address = 0, size = 0], index) => {
    const at = 64 + index * 56
    file.writeUInt32LE(type, at)
    file.writeBigUInt64LE(BigInt(offset), at + 8)
    file.writeBigUInt64LE(BigInt(address), at + 16)
    file.writeBigUInt64LE(BigInt(size), at + 32)
  })
  file.set(strings, headers)
  file.set(loader, loaderAt)
  tags.forEach(([tag, value], index) => {
    file.writeBigUInt64LE(BigInt(tag), tagsAt + index * 16)
    file.writeBigUInt64LE(BigInt(value), tagsAt + index * 16 + 8)
  })
  return file
}
