import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeNodeCgroup } from './cgroups.ts'
import { addressList, type Layout, type Member, namespaceOf } from './layout.ts'
import { inNamespace } from './network.ts'
import { containerdConfig, kubeletConfig, kubeProxyConfig, type NodeFiles } from './node-config.ts'
import type { Place } from './place.ts'
import { kubeconfigOf } from './place.ts'
import { logTail, readRecord, startProcess } from './processes.ts'
import { finish, run, until } from './run.ts'

/** Everything of a node that does not need the API server: its mounts and containerd. */
export async function prepareNode(place: Place, node: Member): Promise<void> {
  const files = nodeFiles(place, node.name)
  for (const folder of ['lib', 'log', 'cni', 'flex-volumes', 'sysctl']) {
    await mkdir(join(files.folder, folder), { recursive: true })
  }
  await makeNodeCgroup(place.layout.name, node.name)
  await holdMountNamespace(place, node.name)
  await mountOver(place, files)
  await writeFile(files.containerdConfig, containerdConfig(files))
  await startOnNode(place, node.name, 'containerd', `--config=${files.containerdConfig}`)
  const socket = `/proc/${holderOf(place, node.name)}/root/run/containerd/containerd.sock`
  await until(
    30,
    () => `containerd of ${node.name}: ${logTail(place.folder, `${node.name}-containerd`)}`,
    () => existsSync(socket),
  )
}

export async function startNode(place: Place, node: Member): Promise<void> {
  const files = nodeFiles(place, node.name)
  // Nobody out there to ask.
  await writeFile(files.resolvConf, 'search .\n')
  await writeFile(files.kubeletConfig, JSON.stringify(kubeletConfig(place.layout, files), null, 2))
  await writeFile(files.kubeProxyConfig, JSON.stringify(kubeProxyConfig(place, node.name), null, 2))
  await Promise.all([
    startOnNode(
      place,
      node.name,
      'kubelet',
      `--config=${files.kubeletConfig}`,
      `--kubeconfig=${kubeconfigOf(place, node.name)}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${addressList(node).join(',')}`,
    ),
    startOnNode(place, node.name, 'kube-proxy', `--config=${files.kubeProxyConfig}`),
  ])
}

/** The arguments that run a command with the network and the mounts of a node. */
function onNode(place: Pick<Place, 'folder'>, node: string, ...command: string[]): [string, ...string[]] {
  return ['nsenter', `--target=${holderOf(place, node)}`, '--net', '--mount', ...command]
}

export function nodeFiles({ layout, folder, programs }: Place, node: string): NodeFiles {
  const nodeFolder = join(folder, node)
  return {
    node,
    cgroup: namespaceOf(layout.name, node),
    folder: nodeFolder,
    programs,
    certificates: join(folder, 'certificates'),
    containerdConfig: join(nodeFolder, 'containerd.toml'),
    kubeletConfig: join(nodeFolder, 'kubelet.json'),
    kubeProxyConfig: join(nodeFolder, 'kube-proxy.json'),
    resolvConf: join(nodeFolder, 'resolv.conf'),
    cniFolder: join(nodeFolder, 'cni'),
    flexVolumes: join(nodeFolder, 'flex-volumes'),
  }
}

async function startOnNode(place: Place, node: string, program: string, ...flags: string[]): Promise<void> {
  const binary = join(place.programs, 'kubernetes')
  // containerd looks for its shim, and the shim for runc, on the path.
  const env = { ...process.env, PATH: `${place.programs}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
  await startProcess(place.folder, `${node}-${program}`, onNode(place, node, binary, program, ...flags), env)
}

// The mount namespace lives as long as a process in it: when the last one ends, its mounts are gone too, and with
// them the network namespaces of the pods. A file that holds it, as `unshare --mount=FILE` makes, would have to be
// cleaned up.
async function holdMountNamespace(place: Place, node: string): Promise<void> {
  const pause = join(place.programs, 'pause')
  const argv = inNamespace(place.layout.name, node, 'unshare', '--mount', '--propagation', 'private', pause)
  const { pid } = await startProcess(place.folder, holderName(node), argv)
  await until(
    10,
    () => `mount namespace of ${node}: ${logTail(place.folder, holderName(node))}`,
    () => {
      return readlinkSync(`/proc/${pid}/exe`).endsWith('/pause')
    },
  )
}

function holderName(node: string): string {
  return `${node}-mounts`
}

function holderOf(place: Pick<Place, 'folder'>, node: string): number {
  const record = readRecord(place.folder, holderName(node))
  if (record === undefined) throw new Error(`${node} is not a node of this bed`)
  return record.pid
}

/** Set by kubelet for the whole machine: it gets plain files instead. */
const machineSettings = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
]

/** kubelet, containerd and the CNI plugins write below /var/lib, /var/log and /run, whatever their flags say. */
async function mountOver(place: Place, files: NodeFiles): Promise<void> {
  const mount = (...args: string[]) => {
    const [nsenter, ...rest] = onNode(place, files.node, 'mount', ...args)
    return run(nsenter, rest)
  }
  for (const setting of machineSettings) {
    const real = join('/proc/sys', setting)
    if (!existsSync(real)) continue
    const copy = join(files.folder, 'sysctl', setting.replaceAll('/', '.'))
    await writeFile(copy, readFileSync(real))
    await mount('--bind', copy, real)
  }
  await mount('--bind', join(files.folder, 'lib'), '/var/lib')
  await mount('--bind', join(files.folder, 'log'), '/var/log')
  await mount('-t', 'tmpfs', 'tmpfs', '/run')
}

/** Into the image store of one node. */
export async function importImage(place: Place, node: string, archive: string): Promise<void> {
  const ctr = [join(place.programs, 'kubernetes'), 'ctr', '--namespace=k8s.io', 'images', 'import', archive]
  const [nsenter, ...args] = onNode(place, node, ...ctr)
  const finished = await finish(nsenter, args)
  if (finished.code !== 0) throw new Error(`${archive} into ${node}: ${finished.stderr.trim()}`)
}

export function nodeByName(layout: Layout, name: string): Member {
  const node = layout.nodes.find((one) => one.name === name)
  if (node === undefined)
    throw new Error(`no node ${name}: there are ${layout.nodes.map((one) => one.name).join(', ')}`)
  return node
}
