import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Problem } from '../../src/problem.ts'
import type { ClusterState } from '../../src/watch/cluster-state.ts'
import { FolderSource } from '../../src/watch/folder-source.ts'
import { waitFor } from '../support/wait-for.ts'
import { recordingLogger } from './quiet-logger.ts'

type Seen = { readonly state: ClusterState; readonly problems: readonly Problem[] }

const service = (name: string, type = 'ClusterIP') =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {type: ${type}}\n`

let folder = ''
let stop = new AbortController()
let running: Promise<void> = Promise.resolve()
let seen: Seen[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-folder-'))
})

afterEach(async () => {
  stop.abort()
  await running
  await rm(folder, { recursive: true })
})

function startSource({ paths = [folder], sweepMs = 100 }: { paths?: readonly string[]; sweepMs?: number } = {}): void {
  seen = []
  stop = new AbortController()
  const source = new FolderSource({
    paths,
    holdOffMs: 10,
    sweepMs,
    logger: recordingLogger(),
    events: { onState: (state, problems) => seen.push({ state, problems }), onConnection: () => {} },
  })
  running = source.start(stop.signal)
}

const write = (name: string, text: string) => writeFile(join(folder, name), text)
const services = () => [...(seen.at(-1)?.state.services.keys() ?? [])].sort()
const typeOf = (key: string) => seen.at(-1)?.state.services.get(key)?.spec?.type
const servicesAre = (...keys: readonly string[]) =>
  waitFor(() => seen.length > 0 && JSON.stringify(services()) === JSON.stringify(keys))

describe('FolderSource', () => {
  it('reads a folder with all below it, without dot files, kustomizations and other files', async () => {
    await mkdir(join(folder, 'deep', '.git'), { recursive: true })
    await write('a.yaml', service('a'))
    await write('deep/b.yml', service('b'))
    await write('deep/c.json', JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'c' } }))
    await write('.hidden.yaml', service('hidden'))
    await write('deep/.git/d.yaml', service('git'))
    await write('kustomization.yaml', 'resources: [a.yaml]')
    await write('notes.txt', service('notes'))
    startSource()
    await servicesAre('default/a', 'default/b', 'default/c')
    expect(seen.at(-1)?.problems).toEqual([])
  })

  it('sees new, changed and removed files, by what the file system reports', async () => {
    await write('a.yaml', service('a'))
    startSource({ sweepMs: 60_000 })
    await servicesAre('default/a')
    await write('b.yaml', service('b'))
    await servicesAre('default/a', 'default/b')
    await write('a.yaml', service('a', 'NodePort'))
    await waitFor(() => typeOf('default/a') === 'NodePort')
    await rm(join(folder, 'b.yaml'))
    await servicesAre('default/a')
  })

  it('sees a file that an editor replaces by renaming another onto it', async () => {
    await write('a.yaml', service('a'))
    startSource()
    await servicesAre('default/a')
    await write('.a.swp', service('a', 'NodePort'))
    await rename(join(folder, '.a.swp'), join(folder, 'a.yaml'))
    await waitFor(() => typeOf('default/a') === 'NodePort')
    expect(seen.every(({ state }) => state.services.size === 1)).toBe(true)
  })

  it('sees the link of a mounted ConfigMap swapped', async () => {
    await mkdir(join(folder, '..one'))
    await write('..one/a.yaml', service('a'))
    await symlink('..one', join(folder, '..data'))
    await symlink('..data/a.yaml', join(folder, 'a.yaml'))
    startSource()
    await servicesAre('default/a')
    await mkdir(join(folder, '..two'))
    await write('..two/a.yaml', service('a', 'NodePort'))
    await symlink('..two', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await rm(join(folder, '..one'), { recursive: true })
    await waitFor(() => typeOf('default/a') === 'NodePort')
    expect(seen.every(({ state }) => state.services.size === 1)).toBe(true)
  })

  it('keeps the objects of a file that is broken, and of one that is being written', async () => {
    await write('a.yaml', service('a'))
    startSource()
    await servicesAre('default/a')
    await write('a.yaml', `${service('b')}---\nspec: [`)
    await waitFor(() => seen.at(-1)?.problems.length === 1)
    expect(services()).toEqual(['default/a'])
    expect(seen.at(-1)?.problems).toMatchObject([
      { reason: 'BadManifest', instead: expect.stringContaining('last read') },
    ])
    await write('a.yaml', '')
    await write('other.yaml', service('other'))
    await servicesAre('default/a', 'default/other')
    await write('a.yaml', service('b'))
    await servicesAre('default/b', 'default/other')
  })

  it('takes the objects of a file that stays empty away', async () => {
    await write('a.yaml', service('a'))
    startSource()
    await servicesAre('default/a')
    await write('a.yaml', '')
    await servicesAre()
  })

  it('gives unchanged objects and maps the identity they had', async () => {
    await write('a.yaml', service('a'))
    await write('b.yaml', `${service('b')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n`)
    startSource()
    await servicesAre('default/a', 'default/b')
    const before = seen.at(-1)?.state
    await write('b.yaml', `# touched\n${service('b')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n`)
    await write('c.yaml', service('c'))
    await servicesAre('default/a', 'default/b', 'default/c')
    const after = seen.at(-1)?.state
    expect(after?.services.get('default/a')).toBe(before?.services.get('default/a'))
    expect(after?.services.get('default/b')).toBe(before?.services.get('default/b'))
    expect(after?.namespaces).toBe(before?.namespaces)
    expect(after?.services).not.toBe(before?.services)
  })

  it('reads single files whatever they are called, and says when there is none', async () => {
    await write('one.txt', service('a'))
    startSource({ paths: [join(folder, 'one.txt'), join(folder, 'missing.yaml')] })
    await servicesAre('default/a')
    expect(seen.at(-1)?.problems).toMatchObject([{ object: { name: join(folder, 'missing.yaml') } }])
    await write('missing.yaml', service('b'))
    await servicesAre('default/a', 'default/b')
    expect(seen.at(-1)?.problems).toEqual([])
  })

  it('finds a folder that was removed and made again', async () => {
    await mkdir(join(folder, 'sub'))
    await write('sub/a.yaml', service('a'))
    startSource()
    await servicesAre('default/a')
    await rm(join(folder, 'sub'), { recursive: true })
    await servicesAre()
    await mkdir(join(folder, 'sub'))
    await write('sub/b.yaml', service('b'))
    await servicesAre('default/b')
  })
})
