import type { ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.ts'
import { maxOpenFiles } from '../support/open-files.ts'
import { hasEnded, isInstalled, startOn, stop, untilListening } from '../support/spawned.ts'
import { bodyOf1m, bodyOf64k, chunkedBody, smallBody } from './bodies.ts'
import type { Backends } from './peer.ts'
import { fillTemplate } from './template.ts'

export type RunningBackends = {
  readonly ports: Backends
  /** What answers. */
  readonly name: string
  close(): Promise<void>
}

export async function startBackends(folder: string, cores: string, isPlain: boolean): Promise<RunningBackends> {
  const app = [await freePort(), await freePort(), await freePort()]
  const echo = await freePort()
  const usesNginx = !isPlain && isInstalled('nginx')
  const command = usesNginx
    ? await prepareNginx(folder, app)
    : [process.execPath, nodeFile('backend.ts'), ...app.map(String)]
  const children: ChildProcess[] = [
    startOn(cores, command),
    startOn(cores, [process.execPath, nodeFile('echo-backend.ts'), String(echo)]),
  ]
  const check = (): void => {
    for (const child of children) if (hasEnded(child)) throw new Error(`${child.spawnargs.join(' ')} has ended`)
  }
  const close = async (): Promise<void> => {
    await Promise.all(children.map(stop))
  }
  try {
    for (const port of [...app, echo]) await untilListening(port, check)
  } catch (error) {
    await close()
    throw error
  }
  return {
    ports: { app, echo },
    name: usesNginx ? 'nginx' : 'node:http',
    close,
  }
}

function nodeFile(name: string): string {
  return fileURLToPath(new URL(`node/${name}`, import.meta.url))
}

async function prepareNginx(parent: string, [app1 = 0, app2 = 0, app3 = 0]: readonly number[]) {
  const folder = join(parent, 'backends')
  await mkdir(join(folder, 'files'), { recursive: true })
  for (const [name, body] of Object.entries({ '64k': bodyOf64k, '1m': bodyOf1m, chunked: chunkedBody }))
    await writeFile(join(folder, 'files', name), body)
  const file = join(folder, 'nginx.conf')
  const small = smallBody.replace('\n', '\\n')
  const values = { folder, app1, app2, app3, small, maxFiles: maxOpenFiles() }
  await writeFile(file, await fillTemplate('backend-nginx.conf', values))
  return ['nginx', '-p', folder, '-c', file]
}
