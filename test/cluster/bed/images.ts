import { join } from 'node:path'
import { writeOciArchive } from '../../../image/oci-archive.ts'
import { thisPlatform } from '../../../image/platform.ts'

export const pauseImage = 'headgate.test/pause:1'

/** One static binary, and what a program expects around it. */
export async function writeBinaryImage(folder: string, binary: string, name: string): Promise<string> {
  const platform = thisPlatform()
  if (platform === undefined) throw new Error(`no images for ${process.platform}/${process.arch}`)
  const path = imageArchive(folder, binary)
  await writeOciArchive({
    path,
    name,
    platform,
    createdSeconds: 0,
    config: {
      user: '',
      workingDirectory: '/',
      environment: { PATH: '/' },
      entrypoint: [`/${binary}`],
      command: [],
      exposedPorts: [],
      labels: {},
    },
    layers: [
      {
        title: binary,
        entries: [
          { kind: 'directory', path: 'tmp', mode: 0o1777 },
          { kind: 'file', path: binary, mode: 0o755, content: { file: join(folder, binary) } },
          text('etc/passwd', 'root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n'),
          text('etc/group', 'root:x:0:\nnobody:x:65534:\n'),
        ],
      },
    ],
  })
  return path
}

export function imageArchive(folder: string, binary: string): string {
  return join(folder, `${binary}.tar`)
}

function text(path: string, content: string) {
  return { kind: 'file' as const, path, mode: 0o644, content: Buffer.from(content) }
}
