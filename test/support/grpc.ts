import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import type { Readable } from 'node:stream'

// gRPC as it looks on the wire (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): a message is a byte that says
// whether it is compressed, four bytes of length, and itself.

export function grpcMessage(text: string): Buffer {
  const bytes = Buffer.from(text)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([prefix, bytes])
}

/** Messages one by one, however their bytes are cut. */
export async function* grpcMessages(stream: Readable): AsyncGenerator<string, void, undefined> {
  let pending = Buffer.alloc(0)
  for await (const chunk of stream) {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
      const end = 5 + pending.readUInt32BE(1)
      yield pending.toString('utf8', 5, end)
      pending = pending.subarray(end)
    }
  }
}

/** A call as a client makes it. */
export class GrpcCall {
  readonly stream: ClientHttp2Stream
  readonly head: Promise<IncomingHttpHeaders>
  readonly #messages: AsyncGenerator<string, void, undefined>
  trailers: IncomingHttpHeaders | undefined
  /** The head was all there was. */
  isTrailersOnly = false

  constructor(session: ClientHttp2Session, path: string, more: OutgoingHttpHeaders = {}) {
    this.stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': 'grpc.example.com',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...more,
    })
    this.stream.on('error', () => {})
    this.stream.on('trailers', (trailers) => {
      this.trailers = trailers
    })
    this.head = new Promise((resolve, reject) => {
      this.stream.on('response', (head, flags) => {
        this.isTrailersOnly = (flags & 1) !== 0
        resolve(head)
      })
      this.stream.on('close', () => reject(new Error(`closed with ${this.stream.rstCode} before there was a head`)))
    })
    this.head.catch(() => {})
    this.#messages = grpcMessages(this.stream)
  }

  send(text: string): void {
    this.stream.write(grpcMessage(text))
  }

  /** Nothing more will be sent. */
  halfClose(): void {
    this.stream.end()
  }

  /** The next message; undefined: there is none. Rejects where the stream breaks. */
  async next(): Promise<string | undefined> {
    const { value } = await this.#messages.next()
    return value ?? undefined
  }

  async rest(): Promise<readonly string[]> {
    return Array.fromAsync(this.#messages)
  }

  /** The code with which the stream was closed. */
  async closed(): Promise<number> {
    if (!this.stream.destroyed) await new Promise((resolve) => this.stream.once('close', resolve))
    return this.stream.rstCode ?? 0
  }
}
