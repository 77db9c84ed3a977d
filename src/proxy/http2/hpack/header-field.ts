/** RFC 7541 section 4.1: what an entry counts beyond its octets. */
const entryOverhead = 32

/**
 * One field of a header list. Those in a table live as long as the table keeps them, and each reference to one gives the same object.
 * Bytes are characters (latin1) in both texts; neither is checked, that is for the reader of the list.
 */
export class HeaderField {
  readonly name: string
  readonly value: string
  readonly size: number
  /** What the reader of header lists has found out about this field; kept with it while a table keeps it. */
  kind = 0
  line: string | undefined = undefined

  constructor(name: string, value: string) {
    this.name = name
    this.value = value
    this.size = name.length + value.length + entryOverhead
  }
}
