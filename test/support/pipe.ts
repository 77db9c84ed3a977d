import { execFileSync } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'

export type Pipe = { readonly reader: Socket; readonly writeEnd: number }

/** A pipe as a container runtime makes it. What child_process calls a pipe is a pair of sockets. */
export function openPipe(folder: string): Pipe {
  const path = join(folder, 'pipe')
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', path])
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writeEnd = openSync(path, constants.O_WRONLY)
  return { reader: new Socket({ fd: readEnd, readable: true, writable: false }), writeEnd }
}

export async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk.toString()
  return text
}
