import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Needs, readNeeds } from './elf.ts'
import type { Platform } from './platform.ts'
import type { TarEntry } from './tar.ts'

/** Where Debian and its kin, and then all others, keep libraries. All are places that the loader of that system searches by itself. */
const folders = {
  amd64: ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'lib64', 'usr/lib64', 'lib', 'usr/lib'],
  arm64: ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu', 'lib64', 'usr/lib64', 'lib', 'usr/lib'],
} as const satisfies Record<Platform['architecture'], readonly string[]>

/** The libraries that a program needs and those that they need, as files of an image. `root` is the system they are taken from. */
export async function sharedLibraries(program: string, root: string, platform: Platform): Promise<readonly TarEntry[]> {
  const first = readNeeds(await readFile(program))
  if (first.interpreter === undefined) return []
  // The loader opens nothing by the path in the program, the kernel does: it has to be exactly there.
  const found = new Map([[basename(first.interpreter), first.interpreter.slice(1)]])
  const loader = join(root, first.interpreter)
  if (!existsSync(loader)) throw new Error(`${program} is started by ${first.interpreter}, which ${root} does not have`)
  const open: Needs[] = [first]
  for (let needs = open.pop(); needs !== undefined; needs = open.pop()) {
    for (const name of needs.libraries.filter((library) => !found.has(library))) {
      const path = folders[platform.architecture]
        .map((folder) => join(folder, name))
        .find((each) => existsSync(join(root, each)))
      if (path === undefined) throw new Error(`${name}, which ${program} needs, is not in ${root}`)
      found.set(name, path)
      open.push(readNeeds(await readFile(join(root, path))))
    }
  }
  return [...found.values()].map((path) => ({ kind: 'file', path, mode: 0o755, content: { file: join(root, path) } }))
}
