/** As node:http takes them for sending: fields of one name together. */
export function grouped(fields: readonly string[]): Record<string, string | string[]> {
  const byName = new Map<string, [name: string, values: string[]]>()
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    const known = byName.get(name.toLowerCase())
    if (known === undefined) byName.set(name.toLowerCase(), [name, [value]])
    else known[1].push(value)
  }
  return Object.fromEntries(
    [...byName.values()].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  )
}
