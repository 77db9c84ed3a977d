import type { ImageConfig } from './oci-archive.ts'
import type { TarEntry } from './tar.ts'

/**
 * What is in the image besides Node and its libraries. The Dockerfile makes the same, for those who have Docker:
 * test/image/dockerfile.test.ts compares them.
 */
export const contents = {
  workingDirectory: '/app',
  // By number, so that Kubernetes can check runAsNonRoot without reading /etc/passwd.
  user: '65532:65532',
  environment: { NODE_ENV: 'production' },
  exposedPorts: [8080, 8443, 10254],
  // No shell: Node is process 1, gets SIGTERM itself and drains.
  entrypoint: ['node', 'dist/main.js'],
  command: ['serve'],
  title: 'headgate',
  description: 'A Kubernetes ingress controller that carries the traffic itself',
  licenses: 'Apache-2.0',
  /** From the top of the repository into the working directory. */
  copied: ['LICENSE', 'package.json', 'node_modules', 'dist'],
  /** As npm gets them: what runs, by the lock file, and no script of anybody. */
  installFlags: ['--omit=dev', '--omit=optional', '--workspaces=false', '--ignore-scripts'],
  /** Types, maps and prebuilt parts for another runtime (Bare): nothing here loads them, and they are half of the packages. */
  unusedFiles: ['*.d.ts', '*.d.mts', '*.d.cts', '*.map', '*.bare'],
  unusedPaths: ['node_modules/.bin', 'node_modules/.package-lock.json'],
} as const

/** By its path from the working directory. */
export function isUsed(path: string): boolean {
  return (
    !contents.unusedFiles.some((pattern) => path.endsWith(pattern.slice(1))) &&
    !contents.unusedPaths.some((unused) => path === unused || path.startsWith(`${unused}/`))
  )
}

export type Origin = {
  readonly version: string
  /** The commit; undefined outside a checkout. */
  readonly revision: string | undefined
}

export function imageConfig({ version, revision }: Origin): ImageConfig {
  return {
    user: contents.user,
    workingDirectory: contents.workingDirectory,
    // PATH as the images have it from which the Dockerfile starts.
    environment: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...contents.environment },
    entrypoint: contents.entrypoint,
    command: contents.command,
    exposedPorts: contents.exposedPorts.map((port) => `${port}/tcp`),
    labels: {
      'org.opencontainers.image.title': contents.title,
      'org.opencontainers.image.description': contents.description,
      'org.opencontainers.image.licenses': contents.licenses,
      'org.opencontainers.image.version': version,
      ...(revision === undefined ? {} : { 'org.opencontainers.image.revision': revision }),
    },
  }
}

/**
 * The few files that the C library asks for. No CA certificates: the API server is verified with the one that Kubernetes mounts into
 * the pod, and Node brings the public ones in its binary.
 */
export const systemFiles: readonly TarEntry[] = [
  text('etc/passwd', ['root:x:0:0:root:/:/sbin/nologin', 'headgate:x:65532:65532:headgate:/:/sbin/nologin']),
  text('etc/group', ['root:x:0:', 'headgate:x:65532:']),
  // Without it glibc asks DNS before /etc/hosts, where Kubernetes writes hostAliases.
  text('etc/nsswitch.conf', ['passwd: files', 'group: files', 'hosts: files dns']),
  { kind: 'directory', path: 'tmp', mode: 0o1777 },
]

function text(path: string, lines: readonly string[]): TarEntry {
  return { kind: 'file', path, mode: 0o644, content: Buffer.from(`${lines.join('\n')}\n`) }
}
