import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadKubeconfig } from '../../src/watch/kubeconfig.ts'
import { KubeconfigError } from '../../src/watch/kubeconfig-error.ts'

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-kubeconfig-'))
  file = join(folder, 'config')
})

afterEach(() => rm(folder, { recursive: true }))

const config = (cluster: object, fields: object = {}): string =>
  JSON.stringify({
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user: {} }],
    ...fields,
  })
const server = 'https://127.0.0.1:6443'

describe('loadKubeconfig', () => {
  it('reads the cluster of the current context', async () => {
    await writeFile(file, config({ server }))
    expect(loadKubeconfig(file).getCurrentCluster()?.server).toBe(server)
  })

  it.each([
    ['is no YAML', 'clusters: ['],
    ['is empty', ''],
    ['has no such context', config({ server }, { 'current-context': 'other' })],
    ['names no server', config({})],
    ['names a server that is no URL', config({ server: 'here' })],
    ['names a server that is not HTTP', config({ server: 'ftp://127.0.0.1' })],
    ['would send credentials over plain HTTP', config({ server: 'http://127.0.0.1' })],
    ['needs a SOCKS proxy', config({ server, 'proxy-url': 'socks5://127.0.0.1' })],
  ])('names the file in one line where it %s', async (_, text) => {
    await writeFile(file, text)
    const failure = failureOf(file)
    expect(failure).toBeInstanceOf(KubeconfigError)
    expect(String(failure)).toContain(`${file} cannot be used: `)
    expect(String(failure)).not.toContain('\n')
  })

  it('names a file that is not there', () => {
    expect(String(failureOf(file))).toMatch(/cannot be used: ENOENT/)
  })
})

function failureOf(path: string): unknown {
  try {
    return loadKubeconfig(path)
  } catch (error) {
    return error
  }
}
