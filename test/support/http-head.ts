/** The head of an HTTP/1.1 message, as it came: fields as [name, value] in order and case. */
export type Head = {
  readonly line: string
  readonly fields: readonly (readonly [string, string])[]
  /** Where the body begins. */
  readonly end: number
  /** The first value of that name (lower case). */
  field(name: string): string | undefined
}

/** undefined while the head is not complete. */
export function parseHead(bytes: string): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...lines] = bytes.slice(0, end).split('\r\n')
  const fields = lines.map((text): readonly [string, string] => {
    const colon = text.indexOf(':')
    // Not `trim`: to it the byte A0 is white space too.
    return [text.slice(0, colon), text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
  })
  return { line, fields, end: end + 4, field: (name) => fields.find(([n]) => n.toLowerCase() === name)?.[1] }
}
