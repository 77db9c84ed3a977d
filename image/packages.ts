import { cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { contents } from './contents.ts'
import type { Platform } from './platform.ts'
import { run } from './run.ts'

const quiet = ['--no-audit', '--no-fund', '--loglevel=error']

/** The packages that Headgate needs to run, in `folder`/node_modules. */
export async function installDependencies(repository: string, folder: string): Promise<void> {
  await copyInto(folder, repository, ['package.json', 'package-lock.json'])
  await run('npm', ['ci', ...contents.installFlags, ...quiet], { cwd: folder })
}

/** Node for a platform, from the package that the lock file pins with its checksum: the path of its folder. */
export async function installNode(repository: string, folder: string, { os, architecture }: Platform): Promise<string> {
  await copyInto(folder, repository, ['package.json', 'package-lock.json', 'tools/node-runtime/package.json'])
  const cpu = architecture === 'amd64' ? 'x64' : architecture
  const only = ['--workspace=tools/node-runtime', '--include-workspace-root=false', `--os=${os}`, `--cpu=${cpu}`]
  await run('npm', ['ci', ...only, '--ignore-scripts', ...quiet], { cwd: folder })
  return join(folder, 'node_modules', `node-${os}-${cpu}`)
}

async function copyInto(folder: string, repository: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await cp(join(repository, file), join(folder, file))
  }
}
