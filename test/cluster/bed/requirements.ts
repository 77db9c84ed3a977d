import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Program and the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  mount: 'mount',
  nft: 'nftables',
  nsenter: 'util-linux',
  openssl: 'openssl',
  runc: 'runc',
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
  return undefined
}

export function isOnPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...systemFolders]
  return folders.some((folder) => existsSync(join(folder, program)))
}

/** Where runc, nft and sysctl are; sudo and cron leave them out of the path. */
export const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']
