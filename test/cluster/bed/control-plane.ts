import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlaneProgram } from '../support/bed.ts'
import { type Addresses, apiPort, firstAddress } from './layout.ts'
import { inNamespace } from './network.ts'
import type { Place } from './place.ts'
import { kubeconfigOf } from './place.ts'
import { startProcess } from './processes.ts'

export const etcdUrl = 'http://127.0.0.1:2379'

export async function startControlPlaneProgram(place: Place, program: ControlPlaneProgram): Promise<void> {
  await launch(place, program, program, flagsOf(place, program))
}

export const secondApiServerName = 'kube-apiserver-2'

export async function startApiServerAt(place: Place, name: string, addresses: Addresses): Promise<void> {
  await launch(place, name, 'kube-apiserver', apiServerFlags(place, name, addresses))
}

/** Answers as cluster admin on a unix socket, which, unlike an address, can be reached from every network namespace. */
export async function startApiSocket(place: Place): Promise<void> {
  const flags = ['proxy', `--unix-socket=${apiSocket(place.folder)}`, `--kubeconfig=${kubeconfigOf(place, 'admin')}`]
  await launch(place, 'api-socket', 'kubectl', [...flags, '--reject-paths=^$'])
}

export function apiSocket(folder: string): string {
  return join(folder, 'api.sock')
}

export function auditLog(folder: string): string {
  return join(folder, 'audit.jsonl')
}

/** What the control plane reads at its start. */
export function writeControlPlaneFiles(folder: string): void {
  writeFileSync(join(folder, 'audit-policy.json'), JSON.stringify(auditPolicy))
  // The API server appends to a file that exists; two of them can then share it.
  closeSync(openSync(auditLog(folder), 'a', 0o600))
}

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    // Rules know no patterns, so everybody but the known ones: those in the namespaces of the tests are left.
    {
      level: 'None',
      userGroups: ['system:serviceaccounts:kube-system', 'system:serviceaccounts:metallb-system'],
    },
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    { level: 'None' },
  ],
}

async function launch(place: Place, name: string, program: string, flags: readonly string[]): Promise<void> {
  const binary = join(place.programs, 'kubernetes')
  const user = program.startsWith('kube-') ? otherUser : []
  await startProcess(place.folder, name, inNamespace(place.layout.name, 'cp', ...user, binary, program, ...flags))
}

// Each of them watches half a dozen files, and a user has 128 watchers (fs.inotify.max_user_instances) for everything:
// as another user they leave those of root to the nodes. The files they read are root's all the same.
const otherUser = [
  'setpriv',
  '--reuid=65500',
  '--regid=65500',
  '--clear-groups',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
]

function flagsOf(place: Place, program: ControlPlaneProgram): readonly string[] {
  switch (program) {
    case 'etcd':
      return etcdFlags(place)
    case 'kube-apiserver':
      return apiServerFlags(place, program, place.layout.apiServer)
    case 'kube-controller-manager':
      return controllerManagerFlags(place)
    case 'kube-scheduler':
      return identityFlags(place, program)
    default:
      return program satisfies never
  }
}

function etcdFlags({ folder }: Place): readonly string[] {
  const peerUrl = 'http://127.0.0.1:2380'
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    // A bed that loses power is thrown away.
    '--unsafe-no-fsync',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--log-level=warn',
  ]
}

function apiServerFlags({ layout, folder }: Place, name: string, addresses: Addresses): readonly string[] {
  const certificates = join(folder, 'certificates')
  const certificate = (flag: string, file: string) => `--${flag}=${join(certificates, file)}`
  return [
    `--etcd-servers=${etcdUrl}`,
    // Not on every address: a second one has the same port on another.
    `--bind-address=${firstAddress(addresses)}`,
    `--advertise-address=${firstAddress(addresses)}`,
    `--secure-port=${apiPort}`,
    `--cert-dir=${join(folder, name)}`,
    certificate('tls-cert-file', 'kube-apiserver.crt'),
    certificate('tls-private-key-file', 'kube-apiserver.key'),
    certificate('client-ca-file', 'ca.crt'),
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    certificate('service-account-key-file', 'service-account.pub'),
    certificate('service-account-signing-key-file', 'service-account.key'),
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--service-cluster-ip-range=${layout.serviceCidrs.join(',')}`,
    certificate('kubelet-client-certificate', 'kubelet-client.crt'),
    certificate('kubelet-client-key', 'kubelet-client.key'),
    certificate('kubelet-certificate-authority', 'ca.crt'),
    '--kubelet-preferred-address-types=InternalIP',
    certificate('proxy-client-cert-file', 'front-proxy.crt'),
    certificate('proxy-client-key-file', 'front-proxy.key'),
    certificate('requestheader-client-ca-file', 'ca.crt'),
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    // There is no kube-proxy beside the control plane: webhooks are called at the address of a pod.
    '--enable-aggregator-routing=true',
    // The tests write thousands of objects at once.
    '--max-requests-inflight=4000',
    '--max-mutating-requests-inflight=2000',
    `--audit-policy-file=${join(folder, 'audit-policy.json')}`,
    `--audit-log-path=${auditLog(folder)}`,
    // A request is in the log before its answer is out: whoever got the answer can read the log at once.
    '--audit-log-mode=blocking',
    // Told to end, it would otherwise keep its watches, and with them itself, for a minute.
    '--shutdown-watch-termination-grace-period=1s',
    '--profiling=false',
  ]
}

function controllerManagerFlags(place: Place): readonly string[] {
  const { layout, folder } = place
  const certificates = join(folder, 'certificates')
  return [
    ...identityFlags(place, 'kube-controller-manager'),
    // By default it makes a folder below /usr/libexec.
    `--flex-volume-plugin-dir=${join(folder, 'flex-volumes')}`,
    '--use-service-account-credentials',
    `--service-account-private-key-file=${join(certificates, 'service-account.key')}`,
    `--root-ca-file=${join(certificates, 'ca.crt')}`,
    `--cluster-signing-cert-file=${join(certificates, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(certificates, 'ca.key')}`,
    '--allocate-node-cidrs',
    `--cluster-cidr=${layout.podCidrs.join(',')}`,
    `--service-cluster-ip-range=${layout.serviceCidrs.join(',')}`,
    // A dead node is known as dead after 15 s instead of 50.
    '--node-monitor-period=2s',
    '--node-monitor-grace-period=15s',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ]
}

function identityFlags(place: Place, program: 'kube-controller-manager' | 'kube-scheduler'): readonly string[] {
  const kubeconfig = kubeconfigOf(place, program)
  return [
    ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map((flag) => `--${flag}=${kubeconfig}`),
    '--leader-elect=false',
    `--cert-dir=${join(place.folder, program)}`,
  ]
}
