// Asks over and over, by several ways at once, and writes each attempt as a line of JSON.
//   node probe-client.ts '[{"name":"n1","url":"http://198.51.100.11:30080/"}]'
import { Agent, request as sendRequest } from 'node:http'
import type { Attempt, ProbeTarget, Seen } from './probe.ts'

const everyMs = 100
const timeoutMs = 2_000
/** A kept connection is broken when it is, not when an answer takes long. */
const keptTimeoutMs = 15_000

function ask(target: ProbeTarget, connection: number, agent: Agent | false): Promise<Attempt> {
  const startedAt = Date.now()
  const url = new URL(target.url)
  const { promise, resolve } = Promise.withResolvers<Attempt>()
  const end = (outcome: { seen?: Seen; error?: string }): void => {
    clearTimeout(timer)
    resolve({ target: target.name, connection, startedAt, endedAt: Date.now(), ...outcome })
  }
  const request = sendRequest({
    agent,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname,
    headers: { host: target.host },
  })
  const limitMs = target.kept === undefined ? timeoutMs : keptTimeoutMs
  const timer = setTimeout(() => request.destroy(new Error('no answer')), limitMs)
  request.once('error', (error: NodeJS.ErrnoException) => end({ error: error.code ?? error.message }))
  request.once('response', async (answer) => {
    try {
      const text = (await answer.toArray()).join('')
      if (answer.statusCode === 200) end({ seen: seenIn(text) })
      else end(target.kept === undefined ? { error: `status ${answer.statusCode}` } : {})
    } catch {
      end({ error: 'the answer broke off' })
    }
  })
  request.end()
  return promise
}

/** What our backend saw, as it tells. */
function seenIn(text: string): Seen {
  const { pod, peer, headers } = JSON.parse(text)
  return {
    pod,
    peer: new URL(`http://${peer}`).hostname.replace(/^\[|\]$/g, ''),
    forwardedFor: headers['X-Forwarded-For'][0],
  }
}

function tell(attempt: Attempt): void {
  process.stdout.write(`${JSON.stringify(attempt)}\n`)
}

/** One connection until it breaks. */
async function keep(target: ProbeTarget, connection: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (;;) {
    const attempt = await ask(target, connection, agent)
    tell(attempt)
    if (attempt.error !== undefined) return agent.destroy()
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

// Whoever started us is gone: so are we.
process.stdout.on('error', () => process.exit(1))
const targets: readonly ProbeTarget[] = JSON.parse(process.argv[2] ?? '[]')
for (const target of targets) {
  if (target.kept === undefined) {
    let count = 0
    setInterval(async () => tell(await ask(target, count++, false)), everyMs)
  } else for (let connection = 0; connection < target.kept; connection++) void keep(target, connection)
}
