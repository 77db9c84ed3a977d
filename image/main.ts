import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildImage } from './build-image.ts'
import type { WrittenLayer } from './oci-archive.ts'
import { readOrigin } from './origin.ts'
import { parsePlatform, platformName, thisPlatform } from './platform.ts'

// npm run image: an OCI archive of Headgate without Docker.
const repository = fileURLToPath(new URL('..', import.meta.url))

const usage = `npm run image -- [--platform linux/amd64|linux/arm64] [--node FOLDER] [--output FILE]

Writes dist-image/headgate-VERSION-linux-ARCH.tar, for ctr images import, docker load, podman load and skopeo.
The platform is that of this machine unless it is given. Node is the one that package-lock.json pins, or that of an unpacked release
in FOLDER. SOURCE_DATE_EPOCH, or else the time of the commit, is the date of the image.
`

const { values } = parseArgs({
  options: {
    platform: { type: 'string' },
    node: { type: 'string' },
    output: { type: 'string' },
    help: { type: 'boolean' },
  },
})
const platform = values.platform === undefined ? thisPlatform() : parsePlatform(values.platform)
if (values.help === true || platform === undefined) {
  process.stderr.write(values.help === true ? usage : `No image for ${values.platform ?? 'this machine'}.\n\n${usage}`)
  process.exit(values.help === true ? 0 : 2)
}

const origin = await readOrigin(repository, process.env['SOURCE_DATE_EPOCH'])
const output =
  values.output ?? join(repository, 'dist-image', `headgate-${origin.version}-linux-${platform.architecture}.tar`)
const { digest, layers } = await buildImage({ repository, output, platform, node: values.node, origin })
const lines = [
  `${relative(process.cwd(), output)}: headgate:${origin.version} ${platformName(platform)}, revision ${origin.revision ?? 'unknown'}`,
  digest,
  ...layers.map(formatLayer),
  formatLayer({
    title: 'together',
    bytes: layers.reduce((sum, { bytes }) => sum + bytes, 0),
    unpackedBytes: layers.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0),
  }),
]
process.stdout.write(`${lines.join('\n')}\n`)

function formatLayer({ title, bytes, unpackedBytes }: Pick<WrittenLayer, 'title' | 'bytes' | 'unpackedBytes'>): string {
  return `${megabytes(bytes)} packed, ${megabytes(unpackedBytes)} unpacked: ${title}`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1).padStart(6)} MB`
}
