import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import {
  type ConnectionOptions,
  connect,
  createServer,
  type SecureContext,
  type Server,
  type TLSSocket,
} from 'node:tls'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Certificate } from '../../src/router/table.ts'
import { SniContexts, type SniOptions, tlsServerOptions } from '../../src/tls/sni.ts'
import { makeTableCertificate, testAuthority } from '../support/certificates.ts'

const fallback = makeTableCertificate(['default.example'])
const shop = makeTableCertificate(['shop.example.com'])
const wildcard = makeTableCertificate(['*.example.com'], { keyType: 'rsa' })
const table = new Map([
  ['', fallback],
  ['shop.example.com', shop],
  ['*.example.com', wildcard],
])

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

type Running = { readonly port: number; readonly server: Server; readonly contexts: SniContexts }

async function start(certificates: ReadonlyMap<string, Certificate>, options?: SniOptions): Promise<Running> {
  const contexts = new SniContexts(options)
  contexts.setCertificates(certificates)
  const server = createServer(tlsServerOptions(contexts), (socket) => socket.end('hello'))
  return { port: await listen(server, contexts), server, contexts }
}

async function listen(server: Server, contexts: SniContexts): Promise<number> {
  open.push(server)
  contexts.serve(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Ends the connection when the server has; gives what the client saw. */
async function shake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  return socket
}

async function namesSeen(port: number, options: ConnectionOptions): Promise<string> {
  const socket = await shake(port, options)
  const seen = socket.getPeerCertificate().subjectaltname ?? 'none'
  socket.destroy()
  return seen
}

describe('a handshake', () => {
  it.each([
    ['the exact name', 'shop.example.com', 'DNS:shop.example.com'],
    ['a name in mixed case', 'Shop.EXAMPLE.com', 'DNS:shop.example.com'],
    ['a name with a trailing dot', 'shop.example.com.', 'DNS:shop.example.com'],
    ['a name one label below a wildcard', 'blog.example.com', 'DNS:*.example.com'],
    ['a name two labels below a wildcard', 'a.blog.example.com', 'DNS:default.example'],
    ['the name above a wildcard', 'example.com', 'DNS:default.example'],
    ['an unknown name', 'other.example', 'DNS:default.example'],
    ['no name, as for an address', undefined, 'DNS:default.example'],
  ])('for %s gets the certificate that fits best', async (_, servername, expected) => {
    const { port } = await start(table)
    expect(await namesSeen(port, servername === undefined ? {} : { servername })).toBe(expected)
  })

  it('verifies for a client that checks name and chain, with RSA and with EC keys', async () => {
    const { port } = await start(table)
    for (const servername of ['shop.example.com', 'blog.example.com']) {
      const socket = await shake(port, { servername, ca: testAuthority().certPem, rejectUnauthorized: true })
      expect(socket.authorized).toBe(true)
      socket.destroy()
    }
  })

  it('is made with TLS 1.2 and 1.3 and refused with TLS 1.1', async () => {
    const { port } = await start(table)
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await shake(port, { servername: 'shop.example.com', minVersion: version, maxVersion: version })
      expect(socket.getProtocol()).toBe(version)
      socket.destroy()
    }
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    await expect(shake(port, { servername: 'shop.example.com', ...old })).rejects.toThrow(/protocol version/)
  })

  it('is refused to a client that offers nothing but CBC suites', async () => {
    const { port } = await start(table)
    const cbc = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA' } as const
    await expect(shake(port, { servername: 'shop.example.com', ...cbc })).rejects.toThrow(/handshake failure/)
  })

  it('takes the suite that the server prefers', async () => {
    const { port } = await start(table)
    const ciphers = 'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256'
    const socket = await shake(port, { servername: 'shop.example.com', maxVersion: 'TLSv1.2', ciphers })
    expect(socket.getCipher().name).toBe('ECDHE-ECDSA-AES128-GCM-SHA256')
    socket.destroy()
  })

  it('agrees on h2 where the server has it, on http/1.1 where it does not', async () => {
    const { port } = await start(table)
    const ALPNProtocols = ['h2', 'http/1.1']
    const socket = await shake(port, { servername: 'shop.example.com', ALPNProtocols })
    expect(socket.alpnProtocol).toBe('h2')
    socket.destroy()
    const contexts = new SniContexts()
    contexts.setCertificates(table)
    const second = await listen(createServer(tlsServerOptions(contexts, { http2: false })), contexts)
    const plain = await shake(second, { servername: 'shop.example.com', ALPNProtocols })
    expect(plain.alpnProtocol).toBe('http/1.1')
    plain.destroy()
  })

  it('fails for the client alone where there is no certificate at all', async () => {
    const { port, contexts } = await start(new Map())
    await expect(shake(port, { servername: 'a.example' })).rejects.toThrow(/handshake failure/)
    await expect(shake(port, {})).rejects.toThrow(/handshake failure/)
    contexts.setCertificates(table)
    expect(await namesSeen(port, { servername: 'a.example' })).toBe('DNS:default.example')
    expect(await namesSeen(port, {})).toBe('DNS:default.example')
  })

  it('works on a server for HTTP/2', async () => {
    const contexts = new SniContexts()
    contexts.setCertificates(table)
    const server = createSecureServer(tlsServerOptions(contexts), (_request, response) => response.end('hello'))
    const port = await listen(server, contexts)
    const ca = testAuthority().certPem
    const session = connectHttp2(`https://127.0.0.1:${port}`, { servername: 'shop.example.com', ca })
    const stream = session.request({ ':path': '/' })
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(200)
    session.destroy()
  })
})

describe('rotation', () => {
  async function resumed(port: number, servername: string | undefined, between: () => void): Promise<boolean> {
    const options: ConnectionOptions = { ...(servername && { servername }), maxVersion: 'TLSv1.2' }
    const first = await shake(port, options)
    const session = first.getSession()
    first.destroy()
    between()
    const second = await shake(port, { ...options, ...(session && { session }) })
    const reused = second.isSessionReused()
    second.destroy()
    return reused
  }

  it('fails no handshake, and each one shows the old certificate or the new one', async () => {
    const { port, contexts } = await start(table)
    const generations = Array.from({ length: 50 }, () => makeTableCertificate(['shop.example.com', 'default.example']))
    const serials = [shop, ...generations].map(serialOf)
    for (const [index, next] of generations.entries()) {
      const servers = ['shop.example.com', undefined]
      const shakes = servers.map((servername) => shake(port, servername === undefined ? {} : { servername }))
      contexts.setCertificates(new Map([...table, ['', next], ['shop.example.com', next]]))
      const [named, unnamed] = await Promise.all(shakes)
      const allowed = [serials[index], serials[index + 1], serialOf(fallback)]
      for (const socket of [named, unnamed]) {
        expect(allowed).toContain(socket?.getPeerX509Certificate()?.serialNumber)
        socket?.destroy()
      }
      const after = await shake(port, { servername: 'shop.example.com' })
      expect(after.getPeerX509Certificate()?.serialNumber).toBe(serials[index + 1])
      after.destroy()
    }
  })

  it('leaves open connections alone and frees the contexts of certificates that are gone', async () => {
    const { port, contexts } = await start(table)
    const contextBefore = contexts.contextFor('blog.example.com')
    const contextGone = contexts.contextFor('shop.example.com')
    const server = createServer(tlsServerOptions(contexts), (socket) => socket.pipe(socket))
    const echo = await shake(await listen(server, contexts), { servername: 'shop.example.com' })
    contexts.setCertificates(new Map([...table, ['shop.example.com', makeTableCertificate(['shop.example.com'])]]))
    echo.write('still here')
    expect(String((await once(echo, 'data'))[0])).toBe('still here')
    echo.destroy()
    expect(contexts.contextFor('blog.example.com')).toBe(contextBefore)
    expect(contexts.contextFor('shop.example.com')).not.toBe(contextGone)
    expect(contexts.size).toBe(3)
    expect(await namesSeen(port, {})).toBe('DNS:default.example')
  })

  it('of the default certificate ends no session, with and without a server name', async () => {
    const { port, contexts } = await start(table)
    const rotate = () => contexts.setCertificates(new Map([...table, ['', makeTableCertificate(['default.example'])]]))
    expect(await resumed(port, 'shop.example.com', rotate)).toBe(true)
    expect(await resumed(port, undefined, rotate)).toBe(true)
  })

  it('stops at a server that is closed', async () => {
    const { server, contexts } = await start(table)
    open.splice(0)
    server.close()
    await once(server, 'close')
    server.setSecureContext = () => {
      throw new Error('closed')
    }
    contexts.setCertificates(new Map([['', shop]]))
  })
})

describe('a certificate that no context can be built from', () => {
  const broken: Certificate = { ...shop, id: 'shop/broken@1', certPem: 'nonsense' }

  it('is reported once, and its names are served with the default certificate', async () => {
    const reported: string[] = []
    const onError = (_: Error, { id }: Certificate) => reported.push(id)
    const { port } = await start(new Map([...table, ['shop.example.com', broken]]), { onError })
    for (let i = 0; i < 3; i++) {
      expect(await namesSeen(port, { servername: 'shop.example.com' })).toBe('DNS:default.example')
    }
    expect(reported).toEqual(['shop/broken@1'])
  })

  it('leaves the default certificate before it in place', async () => {
    const { port, contexts } = await start(table)
    contexts.setCertificates(new Map([...table, ['', { ...broken, id: 'default@2' }]]))
    expect(await namesSeen(port, { servername: 'shop.example.com' })).toBe('DNS:shop.example.com')
    expect(await namesSeen(port, { servername: 'unknown.example' })).toBe('DNS:default.example')
    expect(await namesSeen(port, {})).toBe('DNS:default.example')
  })
})

describe('contexts', () => {
  it('are built when first asked for, once, and no more than allowed are kept', () => {
    const contexts = new SniContexts({ maxContexts: 2 })
    contexts.setCertificates(table)
    expect(contexts.size).toBe(0)
    const first = contexts.contextFor('shop.example.com')
    expect(contexts.contextFor('shop.example.com')).toBe(first)
    contexts.contextFor('blog.example.com')
    contexts.contextFor('other.example')
    expect(contexts.size).toBe(2)
    expect(contexts.contextFor('shop.example.com')).not.toBe(first)
  })

  it('are shared by the names of one certificate and handed over at once, one time', () => {
    const contexts = new SniContexts()
    contexts.setCertificates(new Map([...table, ['other.example', shop]]))
    const answers: (SecureContext | undefined)[] = []
    contexts.sniCallback('shop.example.com', (_, context) => answers.push(context))
    contexts.sniCallback('other.example', (_, context) => answers.push(context))
    expect(answers).toHaveLength(2)
    expect(answers[0]).toBe(answers[1])
  })

  it('are the ones that a plain reading of the rules chooses, whatever the names', () => {
    // Keys of the table are in lower case, as the router writes them; what a client asks for need not be.
    const label = fc.constantFrom('a', 'b', 'c', '*')
    const askedLabel = fc.constantFrom('a', 'b', 'C', 'c', '*', '')
    const asking = fc.array(askedLabel, { maxLength: 4 }).map((labels) => labels.join('.'))
    const name = fc.array(label, { maxLength: 4 }).map((labels) => labels.join('.'))
    const certificates = [shop, wildcard, fallback]
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.constantFrom(...certificates))), asking, (entries, asked) => {
        const names = new Map<string, Certificate>([...entries, ['', fallback]])
        const contexts = new SniContexts()
        contexts.setCertificates(names)
        const byCertificate = new Map(certificates.map((one) => [one, contextOf(one)]))
        contexts.setCertificates(names)
        expect(contexts.contextFor(asked)).toBe(byCertificate.get(naiveChoice(names, asked) ?? fallback))

        function contextOf(certificate: Certificate): SecureContext {
          contexts.setCertificates(new Map([...certificates.map((one) => [one.id, one] as const)]))
          return contexts.contextFor(certificate.id)
        }
      }),
    )
  })
})

function naiveChoice(table: ReadonlyMap<string, Certificate>, asked: string): Certificate | undefined {
  const labels = asked.replace(/\.$/, '').toLowerCase().split('.')
  const parent = labels.slice(1).join('.')
  const fitting = [...table].filter(
    ([name]) => name === labels.join('.') || (parent !== '' && labels[0] !== '' && name === `*.${parent}`),
  )
  const exact = fitting.find(([name]) => name === labels.join('.'))
  return (exact ?? fitting[0])?.[1] ?? table.get('')
}

function serialOf(certificate: Certificate): string {
  return new X509Certificate(certificate.certPem).serialNumber
}
