import { join } from 'node:path'
import { isVersion2 } from './cgroups.ts'
import { pauseImage } from './images.ts'
import type { Layout } from './layout.ts'
import type { Place } from './place.ts'
import { kubeconfigOf } from './place.ts'

export type NodeFiles = {
  readonly node: string
  readonly cgroup: string
  readonly folder: string
  readonly programs: string
  readonly certificates: string
  readonly containerdConfig: string
  readonly kubeletConfig: string
  readonly kubeProxyConfig: string
  readonly resolvConf: string
  readonly cniFolder: string
  readonly flexVolumes: string
}

export function containerdConfig({ programs, cniFolder }: NodeFiles): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.blockfile",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "${pauseImage}"
[plugins.'io.containerd.cri.v1.runtime']
  # Without CAP_SYS_RESOURCE, as in many containers, no process may be made less likely to be killed.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${programs}"]
    conf_dir = "${cniFolder}"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      SystemdCgroup = false
`
}

export function kubeletConfig(layout: Layout, files: NodeFiles): object {
  const authority = join(files.certificates, 'ca.crt')
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    ...(isVersion2() ? {} : { failCgroupV1: false }),
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${files.cgroup}`,
    failSwapOn: false,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    clusterDNS: layout.dnsServices,
    clusterDomain: 'cluster.local',
    resolvConf: files.resolvConf,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: authority } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: join(files.certificates, `${files.node}.crt`),
    tlsPrivateKeyFile: join(files.certificates, `${files.node}.key`),
    // The disk is that of the machine: how full it is does not concern the pods.
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.inodesFree': '1%',
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    volumePluginDir: files.flexVolumes,
    // Well within the 15 s after which the controller manager takes the node for dead.
    nodeStatusUpdateFrequency: '4s',
    nodeLeaseDurationSeconds: 12,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    eventRecordQPS: 0,
    maxPods: 200,
  }
}

export function kubeProxyConfig(place: Place, node: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: node,
    clusterCIDR: place.layout.podCidrs.join(','),
    clientConnection: { kubeconfig: kubeconfigOf(place, 'kube-proxy'), qps: 50, burst: 100 },
    // These are settings of the whole machine, which a network namespace may not write.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    ...(place.layout.family === 'ipv6' ? { bindAddress: '::', healthzBindAddress: '[::]:10256' } : {}),
  }
}
