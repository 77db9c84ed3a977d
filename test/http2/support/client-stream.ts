import type { Field } from './header-block.ts'

export type Fields = readonly Field[]

/** One request of a careful client, and what came of it. */
export class ClientStream {
  readonly id: number
  readonly interim: Fields[] = []
  head: Fields | undefined
  trailers: Fields | undefined
  readonly pieces: Buffer[] = []
  received = 0
  /** What each side may still send. */
  receiveWindow: number
  sendWindow: number
  /** The server has ended its side. */
  isEnded = false
  /** By the server. */
  resetCode: number | undefined
  hasSentEnd = false
  hasSentReset = false

  constructor(id: number, receiveWindow: number, sendWindow: number) {
    this.id = id
    this.receiveWindow = receiveWindow
    this.sendWindow = sendWindow
  }

  /** Nothing more comes, or is of interest. */
  get isDone(): boolean {
    return this.isEnded || this.resetCode !== undefined || this.hasSentReset
  }

  get takesUpload(): boolean {
    return !this.hasSentEnd && !this.hasSentReset && this.resetCode === undefined
  }

  get status(): number {
    return Number(valueIn(this.head, ':status') ?? 0)
  }

  get body(): Buffer {
    return Buffer.concat(this.pieces)
  }

  /** The rule that a block of fields breaks where it stands; else it is taken. */
  takeFields(fields: Fields, end: boolean): string | undefined {
    if (this.isEnded) return 'a header block behind the end'
    if (this.head !== undefined) {
      if (!end) return 'trailers that do not end the stream'
      this.trailers = fields
    } else if (Number(valueIn(fields, ':status')) < 200) {
      if (end) return 'an interim answer that ends the stream'
      this.interim.push(fields)
    } else {
      this.head = fields
    }
    this.isEnded = end
    return undefined
  }

  takeData(bytes: Buffer, size: number, end: boolean): string | undefined {
    if (this.isEnded) return 'DATA behind the end'
    if (this.head === undefined) return 'DATA before a head'
    this.receiveWindow -= size
    if (size > 0 && this.receiveWindow < 0) return `DATA of ${size} bytes beyond the window, by ${-this.receiveWindow}`
    this.pieces.push(bytes)
    this.received += bytes.length
    this.isEnded = end
    return undefined
  }
}

export function valueIn(fields: Fields | undefined, name: string): string | undefined {
  return fields?.find(([its]) => its === name)?.[1]
}
