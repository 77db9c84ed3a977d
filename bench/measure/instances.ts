import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificate } from '../peers/certificate.ts'
import type { Backends, Peer, Setup } from '../peers/peer.ts'
import { layOut } from '../support/cores.ts'
import { freePort } from '../support/free-port.ts'
import { hasEnded, startOn, stop, untilListening } from '../support/spawned.ts'

/** One running proxy. */
export type Instance = {
  readonly peer: Peer
  readonly setup: Setup
  readonly folder: string
  readonly port: number
  readonly tlsPort: number
  readonly pid: number
  /** Throws what it said last if it runs no more. */
  assertAlive(): void
}

type Running = { readonly instance: Instance; readonly child: ChildProcess }

export type InstancesOptions = {
  readonly folder: string
  readonly cores: readonly number[]
  readonly backends: Backends
  readonly certificate: Certificate
}

/** Proxies are started when a workload first asks for them and then stay: an idle one costs next to nothing. */
export class Instances {
  readonly #options: InstancesOptions
  readonly #running = new Map<string, Running>()
  #started = 0

  constructor(options: InstancesOptions) {
    this.#options = options
  }

  /** `isNew`: it has just been started, and is cold. */
  async get(peer: Peer, setup: Setup): Promise<{ readonly instance: Instance; readonly isNew: boolean }> {
    const key = keyOf(peer, setup)
    const known = this.#running.get(key)
    if (known !== undefined) return { instance: known.instance, isNew: false }
    const running = await this.#start(peer, setup)
    this.#running.set(key, running)
    return { instance: running.instance, isNew: true }
  }

  /** So that the next `get` starts it anew. */
  async stop(peer: Peer, setup: Setup): Promise<void> {
    const key = keyOf(peer, setup)
    const running = this.#running.get(key)
    if (running === undefined) return
    this.#running.delete(key)
    await end(running)
  }

  /** A log that nobody reads may not fill the disk. */
  emptyLogs(): void {
    for (const { instance } of this.#running.values()) {
      for (const name of ['stdout.log', 'access.log']) {
        try {
          truncateSync(join(instance.folder, name))
        } catch {
          // Not every peer has both.
        }
      }
    }
  }

  async close(): Promise<void> {
    const all = [...this.#running.values()]
    this.#running.clear()
    await Promise.all(all.map(end))
  }

  async #start(peer: Peer, setup: Setup): Promise<Running> {
    const { backends, certificate, cores } = this.#options
    const folder = join(this.#options.folder, `${peer.name.replaceAll(/\W/g, '-')}-${++this.#started}`)
    await mkdir(folder, { recursive: true })
    const [port, tlsPort] = [await freePort(), await freePort()]
    const command = await peer.prepare({ folder, port, tlsPort, setup, backends, certificate })
    const stdout = openSync(join(folder, 'stdout.log'), 'a')
    const stderr = openSync(join(folder, 'stderr.log'), 'a')
    const child = startOn(layOut(cores, setup.workers).proxy, command, { stdout, stderr })
    closeSync(stdout)
    closeSync(stderr)
    const assertAlive = (): void => {
      if (hasEnded(child)) throw new Error(`${peer.name} has ended: ${lastLine(join(folder, 'stderr.log'))}`)
    }
    try {
      await untilListening(port, assertAlive)
      await untilListening(tlsPort, assertAlive)
    } catch (error) {
      await stop(child)
      throw error
    }
    return { child, instance: { peer, setup, folder, port, tlsPort, pid: child.pid ?? 0, assertAlive } }
  }
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? ''
}

function keyOf(peer: Peer, setup: Setup): string {
  return `${peer.name} ${JSON.stringify(setup)}`
}

async function end({ child, instance }: Running): Promise<void> {
  await stop(child)
  await rm(instance.folder, { recursive: true, force: true })
}
