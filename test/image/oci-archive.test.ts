import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { fullName, type OciArchive, writeOciArchive } from '../../image/oci-archive.ts'
import { at } from '../manifests/object.ts'
import { unpack } from './unpack.ts'

const folder = await mkdtemp(join(tmpdir(), 'headgate-oci-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const config = {
  user: '65532:65532',
  workingDirectory: '/app',
  environment: { PATH: '/usr/local/bin', NODE_ENV: 'production' },
  entrypoint: ['node', 'dist/main.js'],
  command: ['serve'],
  exposedPorts: ['8080/tcp'],
  labels: { 'org.opencontainers.image.title': 'headgate' },
}

/** A small image of files in a folder of its own, the files written now. */
async function small(place: string): Promise<OciArchive> {
  const source = await mkdtemp(join(folder, `${place}-`))
  await writeFile(join(source, 'program'), 'a program', { mode: 0o700 })
  await utimes(join(source, 'program'), Math.random() * 1e9, Math.random() * 1e9)
  return {
    path: join(source, 'archive.tar'),
    name: 'headgate:0.1.0',
    platform: { os: 'linux', architecture: 'arm64' },
    createdSeconds: 1_700_000_000,
    layers: [
      {
        title: 'the program',
        entries: [{ kind: 'file', path: 'bin/program', mode: 0o755, content: { file: join(source, 'program') } }],
      },
      { title: 'a folder', entries: [{ kind: 'directory', path: 'tmp', mode: 0o1777 }] },
    ],
    config,
  }
}

function sha256(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

describe('writeOciArchive', () => {
  it('writes the same bytes from the same content in another folder, with files of another time', async () => {
    const [first, second] = [await small('first'), await small('second')]
    const digests = [await writeOciArchive(first), await writeOciArchive(second)].map(({ digest }) => digest)
    expect(digests[0]).toBe(digests[1])
    expect((await readFile(first.path)).equals(await readFile(second.path))).toBe(true)
  })

  it('keeps the digest of a layer whose files are the same in an image of another day', async () => {
    const today = await writeOciArchive(await small('today'))
    const tomorrow = await writeOciArchive({ ...(await small('tomorrow')), createdSeconds: 1_700_086_400 })
    expect(tomorrow.layers).toEqual(today.layers)
    expect(tomorrow.digest).not.toBe(today.digest)
  })

  it('names every blob by its own checksum', async () => {
    const archive = await small('blobs')
    await writeOciArchive(archive)
    const blobs = [...(await unpack(archive.path))].filter(([path]) => path.startsWith('blobs/'))
    expect(blobs).toHaveLength(4)
    expect(blobs.map(([, content]) => sha256(content))).toEqual(blobs.map(([path]) => path.slice(6).replace('/', ':')))
  })

  it('leads from the index to a manifest, a configuration and layers that fit each other', async () => {
    const archive = await small('chain')
    const { digest } = await writeOciArchive(archive)
    const files = await unpack(archive.path)
    const json = (path: string): unknown => JSON.parse(String(files.get(path)))
    const blob = (of: unknown) => `blobs/${String(of).replace(':', '/')}`
    expect(json('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' })

    const index = json('index.json')
    expect(at(index, 'manifests.0.digest')).toBe(digest)
    expect(at(index, 'manifests.0.platform')).toEqual({ os: 'linux', architecture: 'arm64' })
    expect(at(index, 'manifests.0.size')).toBe(files.get(blob(digest))?.length)

    const manifest = json(blob(digest))
    expect(at(manifest, 'mediaType')).toBe('application/vnd.oci.image.manifest.v1+json')
    const layers = [0, 1].map((number) => files.get(blob(at(manifest, `layers.${number}.digest`))) ?? Buffer.alloc(0))
    expect([0, 1].map((number) => at(manifest, `layers.${number}.size`))).toEqual(layers.map(({ length }) => length))

    const image = json(blob(at(manifest, 'config.digest')))
    expect(at(image, 'rootfs')).toEqual({ type: 'layers', diff_ids: layers.map((layer) => sha256(gunzipSync(layer))) })
  })

  // https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
  it('writes the configuration with the names of the specification', async () => {
    const archive = await small('config')
    await writeOciArchive(archive)
    const files = await unpack(archive.path)
    const [{ Config }] = JSON.parse(String(files.get('manifest.json')))
    const { rootfs: _, ...image } = JSON.parse(String(files.get(Config)))
    const created = '2023-11-14T22:13:20Z'
    expect(image).toEqual({
      created,
      os: 'linux',
      architecture: 'arm64',
      config: {
        User: '65532:65532',
        ExposedPorts: { '8080/tcp': {} },
        Env: ['PATH=/usr/local/bin', 'NODE_ENV=production'],
        Entrypoint: ['node', 'dist/main.js'],
        Cmd: ['serve'],
        WorkingDir: '/app',
        Labels: { 'org.opencontainers.image.title': 'headgate' },
      },
      history: [
        { created, created_by: 'the program' },
        { created, created_by: 'a folder' },
      ],
    })
  })

  it('says the name of the image to containerd, Podman, skopeo and Docker', async () => {
    const archive = await small('name')
    await writeOciArchive(archive)
    const files = await unpack(archive.path)
    const index: unknown = JSON.parse(String(files.get('index.json')))
    expect(at(index, 'manifests.0.annotations')).toMatchObject({
      'io.containerd.image.name': 'docker.io/library/headgate:0.1.0',
      'org.opencontainers.image.ref.name': '0.1.0',
    })
    expect(JSON.parse(String(files.get('manifest.json')))).toMatchObject([
      { RepoTags: ['docker.io/library/headgate:0.1.0'] },
    ])
  })

  it('leaves nothing behind when it fails', async () => {
    const archive = await small('broken')
    const missing = { kind: 'file', path: 'x', mode: 0o644, content: { file: join(folder, 'missing') } } as const
    const layers = [...archive.layers, { title: 'broken', entries: [missing] }]
    await expect(writeOciArchive({ ...archive, layers })).rejects.toThrow('ENOENT')
    expect(await readdir(join(archive.path, '..'))).toEqual(['program'])
  })
})

describe('fullName', () => {
  it.each([
    ['headgate:0.1.0', 'docker.io/library/headgate:0.1.0'],
    ['headgate', 'docker.io/library/headgate:latest'],
    ['team/headgate:1', 'docker.io/team/headgate:1'],
    ['headgate.test/backend:1', 'headgate.test/backend:1'],
    ['registry.example.com:5000/headgate', 'registry.example.com:5000/headgate:latest'],
    ['localhost/headgate:1', 'localhost/headgate:1'],
  ])('makes of %s the name that a kubelet looks for: %s', (name, full) => {
    expect(fullName(name)).toBe(full)
  })
})
