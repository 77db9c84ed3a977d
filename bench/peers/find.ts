import { isInstalled } from '../support/spawned.ts'
import { caddy } from './caddy.ts'
import { haproxy } from './haproxy.ts'
import { headgatePeers } from './headgate.ts'
import { nginx } from './nginx.ts'
import { nodePeers } from './node-peers.ts'
import type { Peer } from './peer.ts'
import { traefik } from './traefik.ts'

export type FoundPeers = {
  readonly peers: readonly Peer[]
  /** Names of those that are asked for and not installed. */
  readonly missing: readonly string[]
}

/** Those that can run here. `only`: names; undefined means all but those that run only when named. */
export function findPeers(only: readonly string[] | undefined, isBuilt: boolean): FoundPeers {
  const all = [nginx, haproxy, ...headgatePeers(isBuilt), caddy, traefik, ...nodePeers]
  const unknown = only?.filter((name) => !all.some((peer) => peer.name === name)) ?? []
  if (unknown.length > 0)
    throw new Error(`no peer is called ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`)
  const wanted = all.filter(({ name, onlyWhenNamed }) => only?.includes(name) ?? !onlyWhenNamed)
  const isHere = ({ program }: Peer): boolean => program === undefined || isInstalled(program)
  return { peers: wanted.filter(isHere), missing: wanted.filter((peer) => !isHere(peer)).map(({ name }) => name) }
}
