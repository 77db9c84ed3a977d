import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../cluster/bed/run.ts'
import { host } from './support/front.ts'
import { pattern, sha256 } from './support/pattern.ts'
import { isSkipped } from './support/programs.ts'
import { useFront } from './support/use-front.ts'

type Answer = { readonly body: Buffer; readonly head: string; readonly seen: Record<string, unknown> }

describe.skipIf(isSkipped('curl'))('curl', () => {
  const { front } = useFront({ program: 'curl', flags: ['--h2c'] })

  const curl = (path: string, ...options: readonly string[]): Promise<Answer> => {
    const { https } = front().headgate
    const trust = ['--http2', '--cacert', front().authorityFile, '--resolve', `${host}:${https}:127.0.0.1`]
    return runCurl(`https://${host}:${https}${path}`, [...trust, ...options])
  }

  const plainCurl = (path: string, ...options: readonly string[]): Promise<Answer> =>
    runCurl(`http://127.0.0.1:${front().headgate.http}${path}`, options)

  const runCurl = async (url: string, options: readonly string[]): Promise<Answer> => {
    const bodyFile = join(front().folder, 'curl.body')
    const headFile = join(front().folder, 'curl.head')
    await writeFile(bodyFile, '')
    const written = await run('curl', [
      ...['--silent', '--show-error', '--max-time', '30', '--output', bodyFile, '--dump-header', headFile],
      ...['--write-out', '{"version":"%{http_version}","status":%{http_code}}', ...options, url],
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
    const file = join(front().folder, 'upload')
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
  it('uploads and gets bodies in plain text where it knows that HTTP/2 is spoken', async () => {
    const file = join(front().folder, 'upload')
    const sent = pattern(1_000_000)
    await writeFile(file, sent)
    const upload = await plainCurl('/sum', '--http2-prior-knowledge', '--data-binary', `@${file}`)
    expect(upload.seen).toEqual({ version: '2', status: 200 })
    expect(JSON.parse(upload.body.toString())).toEqual({ bytes: sent.length, sha256: sha256(sent) })
    const { body, seen } = await plainCurl('/bytes/1000000', '--http2-prior-knowledge')
    expect(seen).toEqual({ version: '2', status: 200 })
    expect(sha256(body)).toBe(sha256(sent))
  })

  it('stays with HTTP/1.1 where it offers to change to HTTP/2 in plain text', async () => {
    // RFC 9113 section 3.1: `Upgrade: h2c` is no longer a way.
    const { body, seen } = await plainCurl('/bytes/1000', '--http2')
    expect(seen).toEqual({ version: '1.1', status: 200 })
    expect(sha256(body)).toBe(sha256(pattern(1_000)))
  })
})
