export type Field = readonly [name: string, value: string]

/** A header block of literals without indexing (RFC 7541 section 6.2.2), which any decoder takes in any state. Text is latin1. */
export function encodeBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

/** An integer of RFC 7541 section 5.1 behind the upper bits of its first byte. */
export function encodeInteger(first: number, prefixBits: number, value: number): Buffer {
  const limit = 2 ** prefixBits - 1
  if (value < limit) return Buffer.from([first | value])
  const bytes = [first | limit]
  let rest = value - limit
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([encodeInteger(0, 7, bytes.length), bytes])
}
