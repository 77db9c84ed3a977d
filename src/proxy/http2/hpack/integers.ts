/** RFC 7541 section 5.1: the octets an integer below 2^28 has at most. */
export const longestInteger = 5

/** `first` has the bits before the prefix, `prefix` is the prefix all ones. Gives where the octets end. */
export function writeInteger(bytes: Uint8Array, from: number, first: number, prefix: number, value: number): number {
  let at = from
  if (value < prefix) {
    bytes[at++] = first | value
    return at
  }
  bytes[at++] = first | prefix
  let rest = value - prefix
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = rest | 0x80
  bytes[at++] = rest
  return at
}
