import { once } from 'node:events'
import {
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'

export type GrpcEndpoint = {
  readonly port: number
  /** Calls that ended before their answer did. */
  readonly cancelled: number
  close(): void
}

/** One method of each kind. Messages are texts, so that no schema is needed. */
export const methods = {
  /** Answers with what it is sent, and what it is told in `x-word` in its trailers. */
  unary: method('Unary', false, false),
  /** Answers with as many messages as it is told to. */
  count: method('Count', false, true),
  /** Answers with everything it was sent. */
  join: method('Join', true, false),
  /** Answers each message at once. */
  echo: method('Echo', true, true),
  /** Refuses, with what it is sent as the reason. */
  refuse: method('Refuse', false, false),
  /** Answers with one message and no end. */
  endless: method('Endless', false, true),
}

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<string, string> {
  const serialize = (text: string): Buffer => Buffer.from(text)
  const deserialize = (bytes: Buffer): string => bytes.toString()
  return {
    path: `/headgate.test.Texts/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  }
}

type Unary = ServerUnaryCall<string, string>
type Reply = sendUnaryData<string>

/** A server of @grpc/grpc-js without TLS. */
export async function startGrpcEndpoint(): Promise<GrpcEndpoint> {
  let cancelled = 0
  const server = new Server()
  server.addService(methods, {
    unary(call: Unary, reply: Reply) {
      const trailers = new Metadata()
      for (const word of call.metadata.get('x-word')) trailers.add('x-word', word)
      reply(null, call.request, trailers)
    },
    async count(call: ServerWritableStream<string, string>) {
      for (let number = 0; number < Number(call.request); number++) {
        if (!call.write(`message ${number}`)) await once(call, 'drain')
      }
      call.end()
    },
    async join(call: ServerReadableStream<string, string>, reply: Reply) {
      reply(null, (await Array.fromAsync<string>(call)).join(' '))
    },
    echo(call: ServerDuplexStream<string, string>) {
      call.on('data', (text: string) => call.write(text))
      call.on('end', () => call.end())
    },
    refuse(call: Unary, reply: Reply) {
      reply({ code: status.FAILED_PRECONDITION, details: call.request })
    },
    endless(call: ServerWritableStream<string, string>) {
      call.on('cancelled', () => cancelled++)
      call.write('the first message')
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return {
    port,
    get cancelled() {
      return cancelled
    },
    close: () => server.forceShutdown(),
  }
}
