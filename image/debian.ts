import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Platform } from './platform.ts'
import { run } from './run.ts'

/** What Node is linked with, in Debian and Ubuntu. */
const packages = ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1']

/**
 * The libraries of another architecture, unpacked into `folder`, from the package sources of this machine. apt works in a folder of its
 * own here: dpkg of this machine never hears of another architecture.
 */
export async function unpackDebianLibraries(folder: string, { architecture }: Platform): Promise<string> {
  const state = join(folder, 'apt')
  for (const each of ['lists/partial', 'archives/partial', 'downloads'])
    await mkdir(join(state, each), { recursive: true })
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
  const options = { cwd: join(state, 'downloads'), env: { APT_CONFIG: join(state, 'apt.conf') } }
  await run('apt-get', ['update', '-qq'], options)
  await run('apt-get', ['download', '-qq', ...packages.map((each) => `${each}:${architecture}`)], options)
  const root = join(folder, 'root')
  for (const file of await readdir(options.cwd)) await run('dpkg-deb', ['--extract', join(options.cwd, file), root])
  return root
}
