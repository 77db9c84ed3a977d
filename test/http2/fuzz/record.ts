import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from 'node:http2'
import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CarefulClient } from '../support/careful-client.ts'
import * as frames from '../support/frames.ts'

// `node test/http2/fuzz/record.ts [NAME]`: writes what real clients send to corpus/. It needs curl, nghttp and h2load.

const run = promisify(execFile)
const corpus = new URL('./corpus/', import.meta.url)

const server = createServer({ settings: { enableConnectProtocol: true } })
server.on('stream', (stream: ServerHttp2Stream) => {
  stream.on('error', () => {})
  stream.resume()
  stream.respond({ ':status': 200, 'content-type': 'text/plain' })
  stream.end('answer '.repeat(1_000))
})
const target = await portOf(server.listen(0, '127.0.0.1'))

/** What one connection of a client brings, while the server answers it. */
async function record(name: string, use: (port: number) => Promise<unknown>): Promise<void> {
  if (!(process.argv[2] ?? name).startsWith(name)) return
  const pieces: Buffer[] = []
  const sockets: Socket[] = []
  const proxy = createTcpServer((socket) => {
    const other = connectTcp(target, '127.0.0.1')
    socket.on('data', (bytes: Buffer) => pieces.push(bytes))
    socket.pipe(other).pipe(socket)
    for (const one of [socket, other]) one.on('error', () => one.destroy())
    sockets.push(socket, other)
  })
  await use(await portOf(proxy.listen(0, '127.0.0.1')))
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => proxy.close(resolve))
  const lines =
    Buffer.concat(pieces)
      .toString('hex')
      .match(/.{1,128}/g) ?? []
  await writeFile(fileURLToPath(new URL(`${name}.hex`, corpus)), `${lines.join('\n')}\n`)
}

async function portOf(listening: Server | typeof server): Promise<number> {
  await once(listening, 'listening')
  const address = listening.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

const curl = (name: string, ...args: readonly string[]): Promise<void> =>
  record(`curl-${name}`, (port) =>
    run('curl', ['-s', '--http2-prior-knowledge', ...args, `http://127.0.0.1:${port}/a?b=c`]),
  )

await curl('get')
await curl('post', '-d', 'name=value&'.repeat(100), '-H', 'X-Long: '.padEnd(600, 'l'), '-H', 'Cookie: a=1; b=2')
await curl('head', '-I')
await record('nghttp', (port) => run('nghttp', ['-n', '-m', '3', '-a', `http://127.0.0.1:${port}/`]))
await record('nghttp-upload', (port) =>
  run('nghttp', ['-n', '-d', '/etc/hostname', '-p', '5', '--trailer', 'x-sum: 1', `http://127.0.0.1:${port}/`]),
)
await record('h2load', (port) => run('h2load', ['-n', '12', '-c', '1', '-m', '4', `http://127.0.0.1:${port}/`]))

async function useNode(port: number, use: (session: ClientHttp2Session) => Promise<void>): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 3_000 } })
  await once(session, 'remoteSettings')
  await use(session)
  session.close()
  await once(session, 'close')
}

await record('node-mixed', (port) =>
  useNode(port, async (session) => {
    const upload = session.request({ ':method': 'POST', ':path': '/up', 'content-length': 2_000, te: 'trailers' })
    upload.resume().end(Buffer.alloc(2_000, 'up'))
    const withTrailers = session.request({ ':method': 'PUT', ':path': '/t' }, { waitForTrailers: true })
    withTrailers.on('wantTrailers', () => withTrailers.sendTrailers({ 'x-sum': '1' }))
    withTrailers.resume().end('body')
    const aborted = session.request({ ':path': '/aborted' })
    aborted.on('error', () => {})
    aborted.close(8)
    session.ping(() => {})
    session.settings({ initialWindowSize: 20_000, headerTableSize: 0 })
    await Promise.all([once(upload, 'close'), once(withTrailers, 'close')])
  }),
)
await record('node-connect', (port) =>
  useNode(port, async (session) => {
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/ws',
      ':scheme': 'http',
    })
    stream.resume().end('frames of a WebSocket')
    await once(stream, 'close')
  }),
)

const get = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'a'],
  [':path', '/'],
] as const

await record('raw-continuations', async (port) => {
  const client = await CarefulClient.open({ port, isTls: false })
  const long = [...get, ['x-long', 'l'.repeat(900)]] as const
  const streams = [
    client.request(long, { end: true, parts: 5, padding: 7, isPrioritized: true }),
    client.request(long, { end: true, parts: 7 }),
    client.request(get, { padding: 0 }),
  ]
  const [, , upload] = streams
  if (upload === undefined) return
  client.data(upload, Buffer.from('padded'), { padding: 200 })
  client.data(upload, Buffer.alloc(0))
  client.trailers(upload, [['x-sum', '1']])
  await client.until(() => streams.every(({ isDone }) => isDone))
  client.wire.close()
})
await record('raw-control', async (port) => {
  const client = await CarefulClient.open({ port, isTls: false }, [[frames.setting.initialWindow, 0]])
  const stream = client.request(get, { end: true })
  const { wire } = client
  wire.send(frames.priority(1, 3))
  wire.send(frames.priorityUpdate(1, 'u=1, i'))
  wire.send(frames.frame(0xfa, 0xff, 1, Buffer.from('unknown')))
  wire.send(frames.ping(7))
  client.credit(stream, 10_000)
  client.changeSettings([
    [frames.setting.initialWindow, 100],
    [frames.setting.maxFrame, 20_000],
    [0xfafa, 1],
  ])
  await client.until(() => stream.isDone)
  const given = client.request(get, { end: false })
  client.reset(given, frames.errorCode.cancel)
  await client.roundTrip()
  wire.send(frames.goaway(0, 0))
  wire.close()
})
await record('raw-uploads', async (port) => {
  const client = await CarefulClient.open({ port, isTls: false })
  const streams = Array.from({ length: 4 }, () => client.request(get))
  for (let sent = 0; sent < 1_500; sent += 150) {
    for (const stream of streams)
      client.data(stream, Buffer.alloc(150, 'u'), { padding: sent % 40, end: sent === 1_350 })
  }
  await client.until(() => streams.every(({ isDone }) => isDone))
  client.wire.close()
})
server.close()
