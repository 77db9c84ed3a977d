/** FNV-1a over the code units of `name` from `from` on, as a signed 32-bit number: a map key that costs no string. */
export function suffixHash(name: string, from: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = from; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return hash
}
