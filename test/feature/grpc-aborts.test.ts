import { type ClientHttp2Session, constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { GrpcCall, grpcMessage, grpcMessages } from '../support/grpc.ts'
import { type H2cOrigin, serviceThatSpeaks, startH2cOrigin } from '../support/h2c-origin.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { openHttp2 } from '../support/http2-client.ts'
import { ingress, toYaml } from '../support/objects.ts'
import { waitFor } from '../support/wait-for.ts'

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } =
  constants

type Serve = (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => void

/** Answers each message, and the end with a status. */
const echo: Serve = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  const answer = async (): Promise<void> => {
    for await (const message of grpcMessages(stream)) stream.write(grpcMessage(`re: ${message}`))
    stream.end()
  }
  answer().catch(() => {})
}

let serve: Serve = echo
let origin: H2cOrigin
let headgate: Headgate
let session: ClientHttp2Session

beforeAll(async () => {
  origin = await startH2cOrigin((stream, head) => serve(stream, head))
  const rules = ingress({ host: 'grpc.example.com', paths: [{ service: 'greeter' }] })
  const services = serviceThatSpeaks('grpc', 'greeter', [origin.port])
  headgate = await startHeadgate({ manifests: { 'grpc.yaml': toYaml(rules, services) } })
  session = await openHttp2(headgate.https, 'grpc.example.com')
})

afterEach(() => {
  serve = echo
})

afterAll(async () => {
  session.destroy()
  await headgate.stop()
  await origin.close()
})

async function streamAtOrigin(): Promise<ServerHttp2Stream> {
  return new Promise((resolve) => {
    serve = (stream, head) => {
      echo(stream, head)
      resolve(stream)
    }
  })
}

async function failures(reason: string): Promise<number> {
  const pattern = new RegExp(`^headgate_upstream_errors_total\\{reason="${reason}"\\} (\\d+)$`, 'm')
  return Number(pattern.exec(await headgate.page('/metrics'))?.[1] ?? 0)
}

describe('a gRPC call that is broken off', () => {
  it.each([
    ['that still sends', false],
    ['that has sent all', true],
  ])('is cancelled at the endpoint by a client %s', async (_what, isHalfClosed) => {
    const seen = Promise.withResolvers<ServerHttp2Stream>()
    serve = (stream) => {
      stream.resume()
      seen.resolve(stream)
    }
    const call = new GrpcCall(session, '/greeter/Silent')
    call.send('hello')
    if (isHalfClosed) call.halfClose()
    const stream = await seen.promise
    if (isHalfClosed) await waitFor(() => stream.readableEnded)
    call.stream.close(NGHTTP2_CANCEL)
    await waitFor(() => stream.destroyed)
    expect(stream.rstCode).toBe(NGHTTP2_CANCEL)
  })

  it('leaves other calls of the connection alone when it is cancelled', async () => {
    const other = new GrpcCall(session, '/greeter/Echo')
    other.send('1')
    expect(await other.next()).toBe('re: 1')
    const seen = streamAtOrigin()
    const call = new GrpcCall(session, '/greeter/Echo')
    call.send('hello')
    const stream = await seen
    expect(await call.next()).toBe('re: hello')
    const before = origin.connections
    call.stream.close(NGHTTP2_CANCEL)
    await waitFor(() => stream.destroyed)
    other.send('2')
    expect(await other.next()).toBe('re: 2')
    other.halfClose()
    expect(await other.next()).toBeUndefined()
    expect(origin.connections).toBe(before)
  })

  it.each([
    ['an error', (stream: ServerHttp2Stream) => stream.close(NGHTTP2_INTERNAL_ERROR)],
    ['CANCEL', (stream: ServerHttp2Stream) => stream.close(NGHTTP2_CANCEL)],
    // Node's server does this where a handler destroys its stream, and its client takes it for an end.
    ['NO_ERROR', (stream: ServerHttp2Stream) => stream.destroy()],
  ])('never looks whole to its client when the endpoint resets it with %s', async (_what, breakOff) => {
    const seen = streamAtOrigin()
    const call = new GrpcCall(session, '/greeter/Echo')
    call.send('hello')
    const stream = await seen
    expect(await call.next()).toBe('re: hello')
    const before = await failures('reset-in-body')
    breakOff(stream)
    expect(await call.closed()).toBe(NGHTTP2_INTERNAL_ERROR)
    expect(call.trailers).toBeUndefined()
    expect(await failures('reset-in-body')).toBe(before + 1)
  })

  it('is answered with 502, and not repeated, when the endpoint resets it before it answers', async () => {
    const before = origin.seen.length
    serve = (stream) => stream.close(NGHTTP2_INTERNAL_ERROR)
    const call = new GrpcCall(session, '/greeter/Echo')
    call.send('hello')
    call.halfClose()
    expect(await call.head).toMatchObject({ ':status': 502 })
    expect(origin.seen.length).toBe(before + 1)
  })

  it('ends when the connection to the endpoint breaks, and the next call gets a new one', async () => {
    const seen = streamAtOrigin()
    const call = new GrpcCall(session, '/greeter/Echo')
    call.send('hello')
    const stream = await seen
    expect(await call.next()).toBe('re: hello')
    stream.session?.socket.destroy()
    expect(await call.closed()).toBe(NGHTTP2_INTERNAL_ERROR)
    const next = new GrpcCall(session, '/greeter/Echo')
    next.send('again')
    expect(await next.next()).toBe('re: again')
    next.halfClose()
    expect(await next.closed()).toBe(NGHTTP2_NO_ERROR)
  })

  it('is over for the endpoint when it has answered before the client has sent all', async () => {
    let stream: ServerHttp2Stream | undefined
    serve = (each) => {
      stream = each
      each.respond({ ':status': 200, 'grpc-status': '8' }, { endStream: true })
    }
    const call = new GrpcCall(session, '/greeter/Echo')
    call.send('hello')
    expect(await call.head).toMatchObject({ 'grpc-status': '8' })
    await waitFor(() => stream?.destroyed === true)
    await call.closed()
  })
})

describe('an endpoint that takes no more streams', () => {
  it('gets a call again that it has refused', async () => {
    let refusals = 1
    serve = (stream, head) => {
      if (refusals-- > 0) stream.close(NGHTTP2_REFUSED_STREAM)
      else echo(stream, head)
    }
    const before = await failures('stream-refused')
    const call = new GrpcCall(session, '/greeter/Echo')
    call.send('hello')
    expect(await call.next()).toBe('re: hello')
    call.halfClose()
    expect(await call.closed()).toBe(NGHTTP2_NO_ERROR)
    expect(await failures('stream-refused')).toBe(before + 1)
  })

  it('is not asked for ever', async () => {
    const before = origin.seen.length
    serve = (stream) => stream.close(NGHTTP2_REFUSED_STREAM)
    const call = new GrpcCall(session, '/greeter/Echo')
    call.halfClose()
    expect(await call.head).toMatchObject({ ':status': 502 })
    expect(origin.seen.length).toBe(before + 3)
  })

  it('ends what it has begun when it says goodbye, and gets what comes next on another connection', async () => {
    const seen = streamAtOrigin()
    const call = new GrpcCall(session, '/greeter/Echo')
    call.send('1')
    const stream = await seen
    expect(await call.next()).toBe('re: 1')
    const connections = origin.connections
    stream.session?.goaway(NGHTTP2_NO_ERROR)
    stream.session?.close()
    const next = await callOnNewConnection(connections)
    expect(await next.next()).toBe('re: hello')
    call.send('2')
    expect(await call.next()).toBe('re: 2')
    for (const each of [call, next]) {
      each.halfClose()
      expect(await each.next()).toBeUndefined()
      expect(await each.closed()).toBe(NGHTTP2_NO_ERROR)
    }
  })

  it('gets a call again that was on its way when it said goodbye', async () => {
    const held: ServerHttp2Stream[] = []
    serve = (stream, head) => {
      if (head[':path'] !== '/greeter/Held') return echo(stream, head)
      held.push(stream)
      // Only the first of them was seen, it says, and the connection is over with an error.
      if (held.length === 2) stream.session?.goaway(NGHTTP2_ENHANCE_YOUR_CALM, held[0]?.id ?? 0)
    }
    const calls = [new GrpcCall(session, '/greeter/Held'), new GrpcCall(session, '/greeter/Held')]
    for (const call of calls) call.halfClose()
    await waitFor(() => held.length === 3)
    const last = held[2]
    last?.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true })
    const heads = await Promise.all(calls.map((call) => call.head))
    expect(heads.map((head) => head[':status']).sort()).toEqual([200, 502])
  })
})

/** Until the goodbye is here, a call may still be sent to the connection that is about to go: it is asked for again. */
async function callOnNewConnection(connections: number): Promise<GrpcCall> {
  const call = new GrpcCall(session, '/greeter/Echo')
  call.send('hello')
  await waitFor(() => origin.connections === connections + 1)
  return call
}
