import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Platform } from './platform.ts'
import { run } from './run.ts'
import type { TarEntry } from './tar.ts'

/** What Node is linked with, in Debian and Ubuntu. */
const packages = ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1']

/** The licences of the libraries, where `root` is a Debian or Ubuntu. */
export function libraryLicences(root: string): readonly TarEntry[] {
  return packages.flatMap((name) => {
    const path = `usr/share/doc/${name}/copyright`
    const file = join(root, path)
    return existsSync(file) ? [{ kind: 'file', path, mode: 0o644, content: { file } }] : []
  })
}

/**
 * The libraries of another architecture, unpacked into `folder`, from the package sources of this machine. apt works in a folder of its
 * own here: dpkg of this machine never hears of another architecture.
 */
export async function unpackDebianLibraries(folder: string, { architecture }: Platform): Promise<string> {
  const state = join(folder, 'apt')
  for (const each of ['lists/partial', 'archives/partial']) await mkdir(join(state, each), { recursive: true })
  await writeFile(join(state, 'status'), '')
  await writeFile(
    join(state, 'apt.conf'),
    [
      `APT::Architecture "${architecture}";`,
      `APT::Architectures { "${architecture}"; };`,
      // Packages are verified; as root they would be fetched by a user who cannot write here.
      'APT::Sandbox::User "root";',
      `Dir::State "${state}";`,
      `Dir::State::status "${join(state, 'status')}";`,
      `Dir::Cache "${state}";`,
      '',
    ].join('\n'),
  )
  const options = { env: { APT_CONFIG: join(state, 'apt.conf') } }
  await run('apt-get', ['update', '-qq'], options)
  // Nothing is installed here, so what they depend on comes too: the licence of libstdc++ is in a package of its own.
  await run('apt-get', ['install', '-qq', '--download-only', '--no-install-recommends', ...packages], options)
  const root = join(folder, 'root')
  const archives = join(state, 'archives')
  for (const file of await readdir(archives)) {
    if (file.endsWith('.deb')) await run('dpkg-deb', ['--extract', join(archives, file), root])
  }
  return root
}
