import { once } from 'node:events'
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testAuthority } from '../support/certificates.ts'
import type { Headgate } from '../support/headgate.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Front, host, startFront } from './support/front.ts'
import { type GrpcEndpoint, methods, startGrpcEndpoint } from './support/grpc-endpoint.ts'

type Outcome = { readonly answer: string | undefined; readonly error: ServiceError | undefined }

const transports = [
  { over: 'over TLS', port: ({ https }: Headgate) => https, trust: trustAuthority },
  { over: 'in plain text', port: ({ http }: Headgate) => http, trust: credentials.createInsecure },
]

describe.each(transports)('gRPC $over, from client to endpoint', ({ port, trust }) => {
  let endpoint: GrpcEndpoint
  let front: Front
  let client: Client

  beforeAll(async () => {
    endpoint = await startGrpcEndpoint()
    front = await startFront(endpoint.port, { appProtocol: 'kubernetes.io/h2c', flags: ['--h2c'] })
    client = new Client(`127.0.0.1:${port(front.headgate)}`, trust(), {
      'grpc.default_authority': host,
      'grpc.ssl_target_name_override': host,
      // As the environment may name one.
      'grpc.enable_http_proxy': 0,
    })
  })

  afterAll(async () => {
    client?.close()
    await front?.close()
    endpoint?.close()
  })

  const unary = (name: 'unary' | 'refuse', text: string, options: CallOptions = {}): Promise<Outcome> => {
    const { path, requestSerialize, responseDeserialize } = methods[name]
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        text,
        new Metadata(),
        options,
        (error, answer) => resolve({ answer, error: error ?? undefined }),
      )
    })
  }

  const readable = (
    name: 'count' | 'endless',
    text: string,
    options: CallOptions = {},
  ): ClientReadableStream<string> => {
    const { path, requestSerialize, responseDeserialize } = methods[name]
    return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, text, options)
  }

  const duplex = (): ClientDuplexStream<string, string> => {
    const { path, requestSerialize, responseDeserialize } = methods.echo
    return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
  }

  it('carries a unary call, its metadata and its trailers', async () => {
    const { path, requestSerialize, responseDeserialize } = methods.unary
    const metadata = new Metadata()
    metadata.add('x-word', 'a word')
    const trailers = await new Promise<Metadata>((resolve) => {
      client
        .makeUnaryRequest(path, requestSerialize, responseDeserialize, 'hello', metadata, () => {})
        .on('status', (last) => resolve(last.metadata))
    })
    expect(trailers.get('x-word')).toEqual(['a word'])
  })

  it('carries messages of 3 MB both ways', async () => {
    const text = 'a long text '.repeat(250_000)
    const { answer, error } = await unary('unary', text)
    expect(error).toBeUndefined()
    expect(answer === text).toBe(true)
  })

  it('carries 200 unary calls at once', async () => {
    const texts = Array.from({ length: 200 }, (_, index) => `call ${index}`)
    const outcomes = await Promise.all(texts.map((text) => unary('unary', text)))
    expect(outcomes).toEqual(texts.map((answer) => ({ answer, error: undefined })))
  })

  it('carries an answer of 1,000 messages', async () => {
    const wanted = Array.from({ length: 1_000 }, (_, index) => `message ${index}`)
    expect(await Array.fromAsync<string>(readable('count', '1000'))).toEqual(wanted)
  })

  it('carries a call of 1,000 messages', async () => {
    const { path, requestSerialize, responseDeserialize } = methods.join
    const sent = Array.from({ length: 1_000 }, (_, index) => `message ${index}`)
    const answer = await new Promise<string | undefined>((resolve, reject) => {
      const call = client.makeClientStreamRequest<string, string>(
        path,
        requestSerialize,
        responseDeserialize,
        (error, joined) => (error === null ? resolve(joined) : reject(error)),
      )
      for (const text of sent) call.write(text)
      call.end()
    })
    expect(answer).toBe(sent.join(' '))
  })

  it('carries a conversation: each message is sent when the one before has been answered', async () => {
    const call = duplex()
    for (let number = 0; number < 50; number++) {
      call.write(`message ${number}`)
      expect(await once(call, 'data')).toEqual([`message ${number}`])
    }
    call.end()
    const [last] = await once(call, 'status')
    expect(last.code).toBe(status.OK)
  })

  it('tells the client why the endpoint refuses', async () => {
    const { error } = await unary('refuse', 'not today')
    expect([error?.code, error?.details]).toEqual([status.FAILED_PRECONDITION, 'not today'])
  })

  it('tells the endpoint that the client has cancelled', async () => {
    const before = endpoint.cancelled
    const call = readable('endless', 'begin')
    expect(await once(call, 'data')).toEqual(['the first message'])
    const error = once(call, 'error')
    call.cancel()
    expect(await error).toMatchObject([{ code: status.CANCELLED }])
    await waitFor(() => endpoint.cancelled === before + 1)
  })

  it('tells the endpoint that the time of a call is over', async () => {
    const before = endpoint.cancelled
    const call = readable('endless', 'begin', { deadline: Date.now() + 500 })
    call.resume()
    expect(await once(call, 'error')).toMatchObject([{ code: status.DEADLINE_EXCEEDED }])
    await waitFor(() => endpoint.cancelled === before + 1)
  })
})

function trustAuthority(): ChannelCredentials {
  return credentials.createSsl(Buffer.from(testAuthority().certPem))
}
