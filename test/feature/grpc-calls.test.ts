import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GrpcCall, grpcMessage, grpcMessages } from '../support/grpc.ts'
import { type H2cOrigin, serviceThatSpeaks, startH2cOrigin } from '../support/h2c-origin.ts'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { openHttp2 } from '../support/http2-client.ts'
import { ingress, toYaml } from '../support/objects.ts'

let origin: H2cOrigin
let headgate: Headgate
let session: ClientHttp2Session

beforeAll(async () => {
  origin = await startH2cOrigin((stream, head) => void serve(stream, head))
  const rules = ingress({ host: 'grpc.example.com', paths: [{ service: 'greeter' }] })
  const services = serviceThatSpeaks('kubernetes.io/h2c', 'greeter', [origin.port])
  headgate = await startHeadgate({ manifests: { 'grpc.yaml': toYaml(rules, services) } })
  session = await openHttp2(headgate.https, 'grpc.example.com')
})

afterAll(async () => {
  session.destroy()
  await headgate.stop()
  await origin.close()
})

async function serve(stream: ServerHttp2Stream, head: IncomingHttpHeaders): Promise<void> {
  const path = head[':path']
  if (path === '/greeter/Fails') {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'no such' },
      {
        endStream: true,
      },
    )
    return
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-initial': 'yes' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-last': ['a', 'b'] }))
  if (path === '/greeter/Collects') {
    const messages = await Array.fromAsync(grpcMessages(stream))
    stream.write(grpcMessage(messages.join(',')))
  } else {
    for await (const message of grpcMessages(stream)) {
      const times = path === '/greeter/Counts' ? Number(message) : 1
      for (let i = 0; i < times; i++) stream.write(grpcMessage(path === '/greeter/Counts' ? `${i}` : `re: ${message}`))
    }
  }
  stream.end()
}

describe('gRPC through Headgate', () => {
  it('carries a unary call, with what is before and behind the message', async () => {
    const call = new GrpcCall(session, '/greeter/Echo', { 'x-meta': 'given' })
    call.send('hello')
    call.halfClose()
    expect(await call.rest()).toEqual(['re: hello'])
    expect(await call.head).toMatchObject({ ':status': 200, 'content-type': 'application/grpc', 'x-initial': 'yes' })
    expect(call.trailers).toMatchObject({ 'grpc-status': '0', 'x-last': 'a, b' })
    expect(await call.closed()).toBe(0)
    expect(origin.seen.at(-1)).toMatchObject({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': '/greeter/Echo',
      ':authority': 'grpc.example.com',
      'content-type': 'application/grpc',
      'x-meta': 'given',
      'x-forwarded-proto': 'https',
    })
  })

  it('says that it takes trailers, as servers of gRPC insist on it', async () => {
    const call = new GrpcCall(session, '/greeter/Echo')
    call.halfClose()
    await call.rest()
    expect(origin.seen.at(-1)).toMatchObject({ te: 'trailers' })
  })

  it('carries a stream of answers', async () => {
    const call = new GrpcCall(session, '/greeter/Counts')
    call.send('500')
    call.halfClose()
    expect(await call.rest()).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`))
    expect(call.trailers).toMatchObject({ 'grpc-status': '0' })
  })

  it('carries a stream of requests, and its end', async () => {
    const call = new GrpcCall(session, '/greeter/Collects')
    for (const message of ['a', 'b', 'c']) call.send(message)
    call.halfClose()
    expect(await call.rest()).toEqual(['a,b,c'])
  })

  it('carries a conversation in which each side waits for the other', async () => {
    const call = new GrpcCall(session, '/greeter/Echo')
    for (let i = 0; i < 100; i++) {
      call.send(`${i}`)
      expect(await call.next()).toBe(`re: ${i}`)
    }
    call.halfClose()
    expect(await call.next()).toBeUndefined()
    expect(call.trailers).toMatchObject({ 'grpc-status': '0' })
  })

  it('gives the head of an answer before there is a message', async () => {
    const call = new GrpcCall(session, '/greeter/Echo')
    expect(await call.head).toMatchObject({ 'x-initial': 'yes' })
    call.halfClose()
    expect(await call.rest()).toEqual([])
  })

  it('lets an answer that is nothing but its status end with its head', async () => {
    const call = new GrpcCall(session, '/greeter/Fails')
    call.halfClose()
    expect(await call.head).toMatchObject({ 'grpc-status': '5', 'grpc-message': 'no such' })
    expect(await call.closed()).toBe(0)
    expect(call.isTrailersOnly).toBe(true)
  })

  it('carries many calls at once on one connection to the endpoint', async () => {
    const before = origin.connections
    const calls = Array.from({ length: 50 }, () => new GrpcCall(session, '/greeter/Echo'))
    for (const [i, call] of calls.entries()) call.send(`${i}`)
    expect(await Promise.all(calls.map((call) => call.next()))).toEqual(calls.map((_, i) => `re: ${i}`))
    for (const call of calls) call.halfClose()
    for (const call of calls) expect(await call.closed()).toBe(0)
    expect(origin.connections).toBe(before)
  })
})
