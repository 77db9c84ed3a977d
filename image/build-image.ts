import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contents, imageConfig, isUsed, systemFiles } from './contents.ts'
import { libraryLicences, unpackDebianLibraries } from './debian.ts'
import { folderEntries } from './folder-entries.ts'
import { type Layer, type WrittenArchive, writeOciArchive } from './oci-archive.ts'
import type { DatedOrigin } from './origin.ts'
import { installDependencies, installNode } from './packages.ts'
import { type Platform, platformName, thisPlatform } from './platform.ts'
import { run } from './run.ts'
import { sharedLibraries } from './shared-libraries.ts'

export type ImageBuild = {
  readonly repository: string
  readonly output: string
  readonly platform: Platform
  /** The folder of a Node release; undefined for the one that the lock file pins. */
  readonly node: string | undefined
  readonly origin: DatedOrigin
}

/** The layers are ordered by how seldom they change: a node that has the last release pulls only what is new. */
export async function buildImage({ repository, output, platform, node, origin }: ImageBuild): Promise<WrittenArchive> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-image-'))
  try {
    return await writeOciArchive({
      path: output,
      name: `headgate:${origin.version}`,
      platform,
      layers: [
        await runtimeLayer(node ?? (await installNode(repository, join(folder, 'node'), platform)), folder, platform),
        await dependenciesLayer(repository, join(folder, 'dependencies')),
        await applicationLayer(repository, join(folder, 'application')),
      ],
      config: imageConfig(origin),
      createdSeconds: origin.createdSeconds,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runtimeLayer(node: string, folder: string, platform: Platform): Promise<Layer> {
  const here = thisPlatform()
  const isHere = here !== undefined && platformName(here) === platformName(platform)
  const root = isHere ? '/' : await unpackDebianLibraries(join(folder, 'debian'), platform)
  const binary = join(node, 'bin/node')
  return {
    title: 'Node.js and the shared libraries it needs',
    entries: [
      ...systemFiles,
      { kind: 'file', path: 'usr/local/bin/node', mode: 0o755, content: { file: binary } },
      { kind: 'file', path: 'usr/local/share/doc/node/LICENSE', mode: 0o644, content: { file: join(node, 'LICENSE') } },
      ...(await sharedLibraries(binary, root, platform)),
      ...libraryLicences(root),
    ],
  }
}

async function dependenciesLayer(repository: string, folder: string): Promise<Layer> {
  await installDependencies(repository, folder)
  return { title: 'production dependencies', entries: await inApplication(folder, 'node_modules') }
}

async function applicationLayer(repository: string, folder: string): Promise<Layer> {
  // Not the dist of the repository: two builds at once would take it from each other.
  const compiler = join(repository, 'node_modules/.bin/tsc')
  await run(compiler, ['-p', join(repository, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')])
  const entries = contents.copied
    .filter((path) => path !== 'node_modules')
    .map((path) => inApplication(path === 'dist' ? folder : repository, path))
  return { title: 'Headgate', entries: (await Promise.all(entries)).flat() }
}

/** A file or folder of `from`, at the same place below the working directory of the image. */
async function inApplication(from: string, path: string) {
  const target = join(contents.workingDirectory.slice(1), path)
  return folderEntries(join(from, path), target, (file) => isUsed(join(path, file)))
}
