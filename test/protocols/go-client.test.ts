import { describe, expect, it } from 'vitest'
import { run } from '../cluster/bed/run.ts'
import { waitFor } from '../support/wait-for.ts'
import { host } from './support/front.ts'
import { goProgram } from './support/go-programs.ts'
import { pattern, sha256 } from './support/pattern.ts'
import { isSkipped } from './support/programs.ts'
import { useFront } from './support/use-front.ts'

describe.skipIf(isSkipped('go'))("the client of Go's net/http", () => {
  const { front, endpoint } = useFront({ program: 'go' })

  const client = async (command: string, path: string): Promise<unknown> => {
    const { https } = front().headgate
    const flags = ['-authority', front().authorityFile, '-connect', `127.0.0.1:${https}`]
    return JSON.parse(await run(await goProgram('client'), [...flags, command, `https://${host}:${https}${path}`]))
  }

  it('gets a page 500 times, 50 at once, over one connection', async () => {
    const answer = { protocol: 'HTTP/2.0', status: 200, bytes: 50_000, sha256: sha256(pattern(50_000)) }
    expect(await client('get', '/bytes/50000')).toEqual({ answers: [{ count: 500, answer }], newConnections: 0 })
  })

  it('gets 40 MB', async () => {
    const sum = sha256(pattern(40_000_000))
    expect(await client('download', '/bytes/40000000')).toMatchObject({ status: 200, bytes: 40_000_000, sha256: sum })
  })

  it('uploads a body whose length it does not know', async () => {
    const { sent, said }: { sent: Record<string, unknown>; said: string } = Object(await client('upload', '/sum'))
    expect(sent).toMatchObject({ protocol: 'HTTP/2.0', status: 200, bytes: 10_000_000 })
    expect(JSON.parse(said)).toEqual({ bytes: sent['bytes'], sha256: sent['sha256'] })
  })

  it('reads the trailers of an answer', async () => {
    const trailers = { 'X-Sum': ['of the body'] }
    expect(await client('trailers', '/trailers')).toEqual({ protocol: 'HTTP/2.0', body: 'a body', trailers })
  })

  it('leaves in the middle of an answer: the endpoint hears of it, and the connection is as good as before', async () => {
    const before = endpoint().left
    const seen = await client('cancel', '/endless')
    expect(seen).toEqual({ first: 'the f', statusAfter: 200, sameConnection: true })
    // Two answers without an end were asked for, and both were left.
    await waitFor(() => endpoint().left === before + 2)
  })

  it('gets back what it sends while it is still sending', async () => {
    expect(await client('echo', '/echo')).toEqual({ status: 200, pieces: 20, rest: '' })
  })
})
