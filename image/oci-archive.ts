import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Platform } from './platform.ts'
import { type TarEntry, writeTar } from './tar.ts'

/** What the process in the image gets: `config` of https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export type ImageConfig = {
  readonly user: string
  readonly workingDirectory: string
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  /** As `8080/tcp`. */
  readonly exposedPorts: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** `title` stands in the history of the image, where a Dockerfile would show the instruction. */
export type Layer = { readonly title: string; readonly entries: readonly TarEntry[] }

export type OciArchive = {
  /** Where the archive is written, whole or not at all. */
  readonly path: string
  /** As a Pod names it: `headgate:0.1.0`, `registry.example.com/headgate:0.1.0`. */
  readonly name: string
  readonly platform: Platform
  readonly layers: readonly Layer[]
  readonly config: ImageConfig
  /** The date of the image, in seconds since 1970. */
  readonly createdSeconds: number
}

export type WrittenArchive = {
  /** Of the manifest: what `image@sha256:...` names. */
  readonly digest: string
  readonly layers: readonly WrittenLayer[]
}

export type WrittenLayer = {
  readonly title: string
  readonly digest: string
  readonly diffId: string
  readonly bytes: number
  readonly unpackedBytes: number
}

// Not the date of the image: a layer whose files are those of the last release has its digest too, and is not pulled again.
const layerSeconds = 0

type Blob = { readonly digest: string; readonly bytes: number; readonly entry: TarEntry }

/**
 * One image as an OCI image layout in a tar, https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md, with the
 * `manifest.json` of `docker save` beside it for Docker before 25. The same input gives the same bytes.
 */
export async function writeOciArchive(archive: OciArchive): Promise<WrittenArchive> {
  const { path, createdSeconds } = archive
  await mkdir(dirname(path), { recursive: true })
  const folder = await mkdtemp(join(dirname(path), `.${basename(path)}-`))
  try {
    const layers: (WrittenLayer & { readonly entry: TarEntry })[] = []
    for (const layer of archive.layers) layers.push(await writeLayer(layer, join(folder, `${layers.length}`)))
    const config = jsonBlob(imageConfig(archive, layers))
    const manifest = jsonBlob(imageManifest(config, layers))
    const entries = [
      jsonFile('oci-layout', { imageLayoutVersion: '1.0.0' }),
      jsonFile('index.json', imageIndex(archive, manifest)),
      jsonFile('manifest.json', dockerManifest(archive, config, layers)),
      ...unique([config, manifest, ...layers].map(({ entry }) => entry)),
    ]
    const unfinished = join(folder, 'archive')
    await pipeline(Readable.from(writeTar(entries, createdSeconds)), createWriteStream(unfinished))
    await rename(unfinished, path)
    return { digest: manifest.digest, layers: layers.map(({ entry: _, ...layer }) => layer) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeLayer(layer: Layer, file: string) {
  const unpacked = createHash('sha256')
  const packed = createHash('sha256')
  let unpackedBytes = 0
  await pipeline(
    Readable.from(writeTar(layer.entries, layerSeconds)),
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        unpacked.update(chunk)
        unpackedBytes += chunk.length
        yield chunk
      }
    },
    // Its header has no time and no file name (RFC 1952 section 2.3.1: 0 and not set). Level 9 takes three times as long for 0.4 %.
    createGzip({ level: 6 }),
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        packed.update(chunk)
        yield chunk
      }
    },
    createWriteStream(file),
  )
  const digest = `sha256:${packed.digest('hex')}`
  return {
    title: layer.title,
    digest,
    diffId: `sha256:${unpacked.digest('hex')}`,
    bytes: (await stat(file)).size,
    unpackedBytes,
    entry: { kind: 'file', path: blobPath(digest), mode: 0o644, content: { file } } satisfies TarEntry,
  }
}

function imageConfig({ config, platform, layers, createdSeconds }: OciArchive, written: readonly WrittenLayer[]) {
  const created = new Date(createdSeconds * 1000).toISOString().replace('.000Z', 'Z')
  return {
    created,
    ...platform,
    config: {
      User: config.user,
      ExposedPorts: Object.fromEntries(config.exposedPorts.map((port) => [port, {}])),
      Env: Object.entries(config.environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      WorkingDir: config.workingDirectory,
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) },
    history: layers.map(({ title }) => ({ created, created_by: title })),
  }
}

function imageManifest(config: Blob, layers: readonly WrittenLayer[]) {
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.bytes },
    layers: layers.map(({ digest, bytes }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size: bytes,
    })),
  }
}

function imageIndex({ name, platform, createdSeconds }: OciArchive, manifest: Blob) {
  const full = fullName(name)
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: manifest.digest,
        size: manifest.bytes,
        platform,
        annotations: {
          'org.opencontainers.image.created': new Date(createdSeconds * 1000).toISOString().replace('.000Z', 'Z'),
          // The name that `ctr images import` and `podman load` give the image; the tag alone is what skopeo asks for.
          'io.containerd.image.name': full,
          'org.opencontainers.image.ref.name': full.slice(full.lastIndexOf(':') + 1),
        },
      },
    ],
  }
}

function dockerManifest({ name }: OciArchive, config: Blob, layers: readonly WrittenLayer[]) {
  return [
    {
      Config: blobPath(config.digest),
      RepoTags: [fullName(name)],
      Layers: layers.map(({ digest }) => blobPath(digest)),
    },
  ]
}

/**
 * The name under which a kubelet looks for an image: `headgate:0.1.0` is `docker.io/library/headgate:0.1.0`, and a first part without
 * dot or port is no registry (https://github.com/distribution/reference, splitDockerDomain).
 */
export function fullName(name: string): string {
  const parts = name.split('/')
  const [first = ''] = parts
  const tagged = /:[\w.-]+$/.test(parts.at(-1) ?? '') ? name : `${name}:latest`
  if (parts.length === 1) return `docker.io/library/${tagged}`
  return /[.:]/.test(first) || first === 'localhost' ? tagged : `docker.io/${tagged}`
}

function jsonBlob(value: unknown): Blob {
  const content = Buffer.from(JSON.stringify(value))
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return { digest, bytes: content.length, entry: { kind: 'file', path: blobPath(digest), mode: 0o644, content } }
}

function jsonFile(path: string, value: unknown): TarEntry {
  return { kind: 'file', path, mode: 0o644, content: Buffer.from(JSON.stringify(value)) }
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

/** Two layers with the same content are one blob. */
function unique(entries: readonly TarEntry[]): readonly TarEntry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()]
}
