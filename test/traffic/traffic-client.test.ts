import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startTraffic } from '../cluster/support/traffic.ts'

const here = {
  spawnAsClient: (command: string, args: readonly string[]): ChildProcess => spawn(command, args),
}
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return host.includes(':') ? `http://[${host}]:${port}/` : `http://${host}:${port}/`
}

const good: RequestListener = (request, response) => {
  response.setHeader('x-traffic-id', request.headers['x-traffic-id'] ?? '')
  response.setHeader('x-pod', 'a')
  response.end('hello')
}

describe('the traffic client', () => {
  it('counts the answers of each stream, over IPv4 and IPv6, on kept and on new connections', async () => {
    const seen = new Set<string>()
    const listener: RequestListener = (request, response) => {
      seen.add(`${request.method} ${request.headers.host} ${request.headers.connection}`)
      good(request, response)
    }
    const [ipv4, ipv6] = [await serve(listener), await serve(listener, '::1')]
    const traffic = await startTraffic(here, {
      streams: [
        { name: 'get', urls: [ipv4, ipv6], host: 'get.example', rate: 200 },
        { name: 'post', urls: [ipv6], host: 'post.example', method: 'POST', rate: 50, connections: 'new' },
      ],
    })
    await traffic.until(({ streams }) => (streams['get']?.succeeded ?? 0) > 0 && (streams['post']?.succeeded ?? 0) > 0)
    const report = await traffic.stop()
    expect(report).toMatchObject({ failed: 0, failures: [] })
    expect(report.succeeded).toBe(report.sent)
    expect(seen).toEqual(new Set(['GET get.example keep-alive', 'POST post.example close']))
    expect(report.streams['get']?.pods).toEqual({ a: report.streams['get']?.sent })
    expect(report.streams['post']?.connections).toBe(report.streams['post']?.sent)
    expect(report.streams['get']?.connections).toBeLessThan(report.streams['get']?.sent ?? 0)
  })

  it('counts a status above 299, a connection that breaks and an answer that breaks off as failures', async () => {
    let count = 0
    const url = await serve((request, response) => {
      switch (count++ % 4) {
        case 0:
          return void response.writeHead(502).end('reset-before-head after 1 try\n')
        case 1:
          return void request.socket.destroy()
        case 2:
          response.writeHead(200, { 'content-length': 100 })
          return void response.write('half', () => response.destroy())
        default:
          return void response.setHeader('x-traffic-id', 'another').end()
      }
    })
    const traffic = await startTraffic(here, { streams: [{ name: 'get', urls: [url], rate: 100 }] })
    await traffic.until(({ failed }) => failed >= 4)
    const report = await traffic.stop()
    expect(report).toMatchObject({ succeeded: 0, failed: report.sent })
    expect(new Set(report.failures.map(({ status }) => status))).toEqual(new Set([502, 0, 200]))
    const errors = report.failures.map(({ error }) => error)
    expect(errors).toContain('reset-before-head after 1 try\n')
    expect(errors).toContain('ECONNRESET')
    expect(errors).toContain('the answer to another request')
    expect(report.firstFailureAt).toBeGreaterThanOrEqual(report.startedAt)
  })

  it('waits for the answers that are under way before it reports', async () => {
    const url = await serve((request, response) => void setTimeout(() => good(request, response), 500))
    const traffic = await startTraffic(here, { streams: [{ name: 'get', urls: [url], rate: 50 }] })
    await traffic.until(({ sent }) => sent > 0)
    const report = await traffic.stop()
    expect(report.failed).toBe(0)
    expect(report.succeeded).toBe(report.sent)
  })

  it('collects which backend began which POST, and tells of those that two began and of those that none told of', async () => {
    const collectorPort = await freePort()
    let report: ((line: string) => void) | undefined
    const url = await serve((request, response) => {
      const id = `${request.headers['x-traffic-id']}`
      const number = Number(id.split('-')[1])
      if (number > 0) report?.(`${id} a\n`)
      if (number === 2) report?.(`${id} b\n`)
      good(request, response)
    })
    const traffic = await startTraffic(here, {
      streams: [{ name: 'post', urls: [url], method: 'POST', rate: 20 }],
      collectorPort,
    })
    const socket = connect(collectorPort, '127.0.0.1')
    report = (line) => void socket.write(line)
    await traffic.until(({ succeeded }) => succeeded > 3)
    const { posts, sent } = await traffic.stop()
    socket.destroy()
    expect(posts).toEqual({ handled: sent - 1, duplicated: [{ id: 'post-2', pods: ['a', 'b'] }], untold: 1 })
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
