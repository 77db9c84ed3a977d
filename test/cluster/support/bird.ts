import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Finished } from './bed.ts'
import { succeeded } from './client-routes.ts'

/** Runs a program in the network of the router or of a node. */
export type RunThere = (command: string, args: readonly string[]) => Promise<Finished>

/** A BIRD (Debian's bird2) that runs there as a daemon. */
export type Bird = {
  readonly socket: string
  /** `birdc COMMAND`. */
  command(...words: readonly string[]): Promise<string>
  /** Ends it; the routes it gave to the kernel go with it. */
  stop(): Promise<void>
}

export async function startBird(runThere: RunThere, config: string): Promise<Bird> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bird-'))
  const file = join(folder, 'bird.conf')
  const socket = join(folder, 'bird.ctl')
  await writeFile(file, config)
  succeeded(await runThere('bird', ['-c', file, '-s', socket, '-P', join(folder, 'bird.pid')]))
  const command = async (...words: readonly string[]) => succeeded(await runThere('birdc', ['-s', socket, ...words]))
  return {
    socket,
    command,
    async stop() {
      await command('down')
      await rm(folder, { recursive: true })
    },
  }
}

export type Neighbour = { readonly name: string; readonly address: string }

/** The router in front of the nodes: takes every route they announce, several to one address at once (ECMP). */
export function routerConfig(family: 'ipv4' | 'ipv6', neighbours: readonly Neighbour[], options = ''): string {
  const sessions = neighbours.map(
    ({ name, address }) => `protocol bgp ${name} {
  local as 64512;
  neighbor ${address} as 64513;
  direct;
  connect delay time 1;
  connect retry time 2;
  error wait time 1, 5;
  ${options}
  ${family} { import all; export none; };
}`,
  )
  return `router id 198.51.100.100;
protocol device {}
protocol direct { ${family}; }
protocol kernel { merge paths on; ${family} { export where source = RTS_BGP; import none; }; }
protocol bfd { interface "eth0" { interval 100 ms; multiplier 3; }; }
${sessions.join('\n')}
`
}
