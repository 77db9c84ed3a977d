/** Who writes by words writes up to three bytes behind what counts, so there must be room for them. */
export const wordBytes = 4

/** Bytes, and the same bytes for those who go through them by words of four. */
export class Octets {
  bytes: Buffer
  view: DataView

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafeSlow(length)
    this.view = viewOf(this.bytes)
  }

  /** Makes room for `count` bytes behind the first `used`, which stay. */
  reserve(used: number, count: number): void {
    if (used + count <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, used + count))
    this.bytes.copy(grown, 0, 0, used)
    this.bytes = grown
    this.view = viewOf(grown)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
