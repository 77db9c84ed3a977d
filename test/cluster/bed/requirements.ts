import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasBuilt } from './build-cache.ts'

/** This machine cannot have the bed that was asked for; exit code 2, as nothing has failed. */
export class MissingRequirement extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'MissingRequirement'
  }
}

/** Program and the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  bird: 'bird2',
  curl: 'curl',
  bridge: 'iproute2',
  ip: 'iproute2',
  mount: 'mount',
  nft: 'nftables',
  nsenter: 'util-linux',
  openssl: 'openssl',
  runc: 'runc',
  setpriv: 'util-linux',
  sysctl: 'procps',
  unshare: 'util-linux',
}

/** What keeps a bed from starting here, in one sentence; undefined: nothing. */
export function missingRequirement(): string | undefined {
  if (process.platform !== 'linux') {
    return `A bed needs Linux (network namespaces, cgroups); this is ${process.platform}. With a cluster of your own: --kubeconfig.`
  }
  if (process.getuid?.() !== 0) {
    return 'A bed needs root (network namespaces, mounts, cgroups): try sudo. With a cluster of your own: --kubeconfig.'
  }
  const missing = Object.keys(programs).filter((name) => !isOnPath(name))
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => programs[name]))]
    return `A bed needs ${missing.join(', ')}: apt-get install ${packages.join(' ')}`
  }
  if (!isOnPath('go') && !hasBuilt('programs')) return 'A bed is built with Go 1.26 or later: https://go.dev/dl'
  return undefined
}

function isOnPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...systemFolders]
  return folders.some((folder) => existsSync(join(folder, program)))
}

/** Where runc, nft and sysctl are; sudo and cron leave them out of the path. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** containerd, kubelet, kube-proxy and a little air. */
const watchersPerNode = 10

/** Without enough of them kube-proxy and kubelet end with "too many open files", which sends one looking elsewhere. */
export function missingWatchers(nodeCount: number): string | undefined {
  const limit = Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'latin1'))
  const used = watchersInUse()
  if (limit - used >= watchersPerNode * nodeCount) return undefined
  return (
    `A bed of ${nodeCount} nodes needs ${watchersPerNode * nodeCount} file watchers, and of the ${limit} that a user has ` +
    `root uses ${used}: take another bed down, or sysctl fs.inotify.max_user_instances=1024`
  )
}

function watchersInUse(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.reduce((sum, pid) => sum + watchersOf(pid), 0)
}

function watchersOf(pid: string): number {
  try {
    if (statSync(`/proc/${pid}`).uid !== 0) return 0
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).filter((fd) => readlinkSync(join(folder, fd)) === 'anon_inode:inotify').length
  } catch {
    // It ended, or closed one, while we looked.
    return 0
  }
}
