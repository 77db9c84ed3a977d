import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { TarEntry } from './tar.ts'

/**
 * A file, or those below a folder, for an image. Links are left out: packages have none that are loaded. All files are readable by
 * everyone and writable by root alone, whatever the umask of who built them.
 */
export async function folderEntries(
  source: string,
  target: string,
  isWanted: (path: string) => boolean,
): Promise<readonly TarEntry[]> {
  if ((await stat(source)).isFile()) return [{ kind: 'file', path: target, mode: 0o644, content: { file: source } }]
  const found = await readdir(source, { recursive: true, withFileTypes: true })
  return found.flatMap((each) => {
    const file = join(each.parentPath, each.name)
    const path = relative(source, file)
    if (!each.isFile() || !isWanted(path)) return []
    return [{ kind: 'file', path: join(target, path), mode: 0o644, content: { file } }]
  })
}
