import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import replyFrom from '@fastify/reply-from'
import fastify from 'fastify'
import { readSite, tlsOptions } from './site-argument.ts'

// Fastify's proxy, on undici. Bodies are streamed: no content type has a parser.
const site = readSite()
await listen(site.port, undefined)
await listen(site.tlsPort, tlsOptions(site))

async function listen(port: number, https: ReturnType<typeof tlsOptions> | undefined): Promise<void> {
  const { app } = site.backends
  const server = fastify({ https: https ?? null })
  let turn = 0
  server.register(replyFrom, { undici: { connections: 256, pipelining: 1, keepAliveTimeout: 60_000 } })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _payload, done) => done(null))
  server.all('/*', (request, reply) => {
    const added = addedFields(request.raw, https !== undefined, port)
    reply.from(`http://127.0.0.1:${app[turn++ % app.length]}${request.url}`, {
      rewriteRequestHeaders: (_request, headers) => ({ ...headers, ...added }),
      // It would pass on what the endpoint says of its own connection.
      rewriteHeaders: ({ connection: _, ...headers }) => headers,
    })
  })
  await server.listen({ port, host: '127.0.0.1', backlog: 4096 })
}

function addedFields({ socket, headers }: IncomingMessage, isTls: boolean, port: number) {
  const client = socket.remoteAddress ?? ''
  return {
    host: headers.host ?? '',
    'x-forwarded-for': client,
    'x-forwarded-proto': isTls ? 'https' : 'http',
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-port': String(port),
    'x-real-ip': client,
    'x-request-id': randomUUID(),
  }
}
