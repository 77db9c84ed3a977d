import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../cluster/bed/run.ts'
import { type Endpoint, startEndpoint } from './support/endpoint.ts'
import { type Front, host, startFront } from './support/front.ts'
import { pattern, sha256 } from './support/pattern.ts'
import { isSkipped, requireProgram } from './support/programs.ts'

type Answer = { readonly body: Buffer; readonly head: string; readonly seen: Record<string, unknown> }

describe.skipIf(isSkipped('curl'))('curl --http2', () => {
  let endpoint: Endpoint
  let front: Front

  beforeAll(async () => {
    requireProgram('curl')
    endpoint = await startEndpoint()
    front = await startFront(endpoint.port)
  })

  afterAll(async () => {
    await front?.close()
    endpoint?.close()
  })

  const curl = async (path: string, ...options: readonly string[]): Promise<Answer> => {
    const { https } = front.headgate
    const bodyFile = join(front.folder, 'curl.body')
    const headFile = join(front.folder, 'curl.head')
    await writeFile(bodyFile, '')
    const written = await run('curl', [
      ...['--silent', '--show-error', '--http2', '--cacert', front.authorityFile, '--max-time', '30'],
      ...['--resolve', `${host}:${https}:127.0.0.1`, '--output', bodyFile, '--dump-header', headFile],
      ...['--write-out', '{"version":"%{http_version}","status":%{http_code}}', ...options],
      `https://${host}:${https}${path}`,
    ])
    return { body: await readFile(bodyFile), head: await readFile(headFile, 'latin1'), seen: JSON.parse(written) }
  }

  it('gets a body of 3 MB', async () => {
    const { body, head, seen } = await curl('/bytes/3000000')
    expect(seen).toEqual({ version: '2', status: 200 })
    expect(sha256(body)).toBe(sha256(pattern(3_000_000)))
    expect(head).toContain('content-length: 3000000\r\n')
  })

  it('uploads 10 MB, which arrive as they left', async () => {
    const file = join(front.folder, 'upload')
    const sent = pattern(10_000_000)
    await writeFile(file, sent)
    const { body, seen } = await curl('/sum', '--data-binary', `@${file}`)
    expect(seen).toEqual({ version: '2', status: 200 })
    expect(JSON.parse(body.toString())).toEqual({ bytes: sent.length, sha256: sha256(sent) })
  })

  it('learns the length of a page by HEAD, and gets no body', async () => {
    const { body, head, seen } = await curl('/bytes/3000000', '--head')
    expect(seen).toEqual({ version: '2', status: 200 })
    expect(head).toContain('content-length: 3000000\r\n')
    // With --head the fields are what curl prints.
    expect(body.toString('latin1')).toBe(head)
  })

  it('is answered 204 without a body', async () => {
    const { body, head, seen } = await curl('/empty')
    expect(seen).toEqual({ version: '2', status: 204 })
    expect(body.length).toBe(0)
    expect(head).not.toContain('content-length')
  })

  it('gets a body whose length the endpoint does not tell', async () => {
    const { body, head, seen } = await curl('/chunked/1000000')
    expect(seen).toEqual({ version: '2', status: 200 })
    expect(sha256(body)).toBe(sha256(pattern(1_000_000)))
    expect(head).not.toMatch(/content-length|transfer-encoding/i)
  })
})
