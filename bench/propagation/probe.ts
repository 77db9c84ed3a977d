// Runs in the network of the client outside. It changes an object, polls the route over kept connections until the change
// is served, and watches beside it as bare as can be. Commands on standard input, lines of JSON on standard output.
import { Agent, get, type IncomingMessage } from 'node:http'
import { request as requestTls, Agent as TlsAgent } from 'node:https'
import { createInterface } from 'node:readline'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProbeCommand, ProbeLine, ProbeOptions } from './report.ts'

type ChangeCommand = Extract<ProbeCommand, { kind: 'change' }>

/** Without an answer for so long, something is broken. */
const patienceMs = 30_000

const options: ProbeOptions = JSON.parse(process.argv[2] ?? '')
const api = { agent: new TlsAgent({ keepAlive: true }), ca: options.api.ca }
const authorization = `Bearer ${options.api.token}`
const agents = Array.from({ length: options.connections }, () => new Agent({ keepAlive: true, maxSockets: 1 }))

function tell(line: ProbeLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function change(command: ChangeCommand): Promise<void> {
  const before = await Promise.all(agents.map((agent) => ask(agent, command)))
  if (before.includes(true)) throw new Error(`${command.host} is served before the change`)
  const served = Promise.all(agents.map((agent) => untilServed(agent, command)))
  const { acknowledgedAt, resourceVersion } = await patch(command)
  const times = await served
  const firstAt = Math.min(...times)
  const lastAt = Math.max(...times)
  tell({ kind: 'changed', change: { id: command.id, resourceVersion, acknowledgedAt, firstAt, lastAt } })
}

function patch(command: ChangeCommand): Promise<{ acknowledgedAt: number; resourceVersion: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization, 'content-type': 'application/merge-patch+json' }
    const url = `${options.api.url}${command.path}`
    const request = requestTls(url, { ...api, method: 'PATCH', headers }, (answer) => {
      const acknowledgedAt = performance.now()
      json(answer).then((body) => {
        if (answer.statusCode !== 200) return reject(new Error(`PATCH ${command.path}: ${JSON.stringify(body)}`))
        const { metadata } = body as { metadata: { resourceVersion: string } }
        resolve({ acknowledgedAt, resourceVersion: metadata.resourceVersion })
      }, reject)
    })
    request.once('error', reject)
    request.end(JSON.stringify(command.patch))
  })
}

async function untilServed(agent: Agent, command: ChangeCommand): Promise<number> {
  const end = performance.now() + patienceMs
  while (!(await ask(agent, command))) {
    if (performance.now() > end) throw new Error(`${command.host} is not served within ${patienceMs} ms`)
    await sleep(1)
  }
  return performance.now()
}

function ask(agent: Agent, { host, pod }: ChangeCommand): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const { address, port } = options
    const request = get({ agent, host: address, port, path: '/', headers: { host } }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(isServed(answer, pod)))
      answer.once('error', reject)
    })
    request.once('error', reject)
  })
}

function isServed({ statusCode, headers }: IncomingMessage, pod: string | undefined): boolean {
  return statusCode === 200 && (pod === undefined || headers['x-pod'] === pod)
}

function watch(path: string): void {
  const request = requestTls(`${options.api.url}${path}`, { ca: api.ca, headers: { authorization } })
  request.once('response', (answer) => {
    if (answer.statusCode !== 200) throw new Error(`the API server answers a watch with ${answer.statusCode}`)
    tell({ kind: 'ready' })
    createInterface({ input: answer }).on('line', (line) => {
      const at = performance.now()
      const { object } = JSON.parse(line)
      tell({ kind: 'event', resourceVersion: object.metadata.resourceVersion, at })
    })
  })
  request.end()
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command: ProbeCommand = JSON.parse(line)
    if (command.kind === 'watch') watch(command.path)
    else void change(command)
  })
  .on('close', () => process.exit(0))
