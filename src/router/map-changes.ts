/** Tells each key whose value is not the same object as before. Costs nothing where the maps are one. */
export function forEachChange<K, V>(
  before: ReadonlyMap<K, V>,
  after: ReadonlyMap<K, V>,
  tell: (key: K, before: V | undefined, after: V | undefined) => void,
): void {
  if (before === after) return
  let known = 0
  for (const [key, value] of after) {
    const old = before.get(key)
    if (old !== undefined) known += 1
    if (old !== value) tell(key, old, value)
  }
  if (known === before.size) return
  for (const [key, value] of before) if (!after.has(key)) tell(key, value, undefined)
}
