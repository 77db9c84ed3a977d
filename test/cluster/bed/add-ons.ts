import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildUnit, build, clusterTests, stripped } from './build.ts'
import { imageArchive } from './images.ts'
import { kubectlCommand, split } from './kubectl.ts'
import type { Layout } from './layout.ts'
import { importImage } from './node.ts'
import type { Place } from './place.ts'
import type { Progress } from './progress.ts'
import { run } from './run.ts'

/** Images that are built here, and what is applied to the cluster so that they run. */
export type AddOn = {
  readonly unit: BuildUnit
  manifests(layout: Layout): Promise<string>
  /** Ready before the bed is: `deployment/coredns` and its namespace. */
  readonly workloads: readonly { readonly namespace: string; readonly name: string }[]
}

/** The application behind the Ingresses of the tests: only its image, each test makes its own pods. */
export const backend: AddOn = {
  unit: {
    name: 'backend',
    module: clusterTests,
    packages: ['./cmd/backend'],
    flags: stripped,
    sources: ['cmd/backend/*.go'],
    images: { backend: 'headgate.test/backend:1' },
  },
  manifests: async () => '',
  workloads: [],
}

export const coredns: AddOn = {
  unit: {
    name: 'coredns',
    module: clusterTests,
    packages: ['./cmd/coredns'],
    flags: stripped,
    sources: ['cmd/coredns/*.go'],
    images: { coredns: 'headgate.test/coredns:1' },
  },
  async manifests(layout) {
    const addresses = layout.dnsServices
    const ipFamilies = addresses.map((address) => (address.includes(':') ? 'IPv6' : 'IPv4'))
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: {
        selector: { 'k8s-app': 'kube-dns' },
        clusterIP: addresses[0],
        clusterIPs: addresses,
        ipFamilies,
        ipFamilyPolicy: addresses.length === 2 ? 'RequireDualStack' : 'SingleStack',
        ports: ['UDP', 'TCP'].map((protocol) => ({ name: `dns-${protocol.toLowerCase()}`, port: 53, protocol })),
      },
    }
    const others = await readFile(join(import.meta.dirname, 'coredns.yaml'), 'utf8')
    return `${others}\n---\n${JSON.stringify(service)}\n`
  },
  workloads: [{ namespace: 'kube-system', name: 'deployment/coredns' }],
}

const metallbModule = join(clusterTests, 'metallb')

/** MetalLB as its authors ship it; test/cluster/metallb/README.md says in what it differs. */
export const metallb: AddOn = {
  unit: {
    name: 'metallb',
    module: metallbModule,
    packages: ['tool'],
    flags: stripped,
    sources: ['frr-k8s/**/*.{go,mod}'],
    images: { controller: 'quay.io/metallb/controller:v0.16.2', speaker: 'quay.io/metallb/speaker:v0.16.2' },
  },
  async manifests() {
    const args = ['list', '-m', '-f', '{{.Dir}}', 'go.universe.tf/metallb']
    const folder = (await run('go', args, { cwd: metallbModule })).trim()
    return readFile(join(folder, 'config/manifests/metallb-native.yaml'), 'utf8')
  },
  workloads: [
    { namespace: 'metallb-system', name: 'deployment/controller' },
    { namespace: 'metallb-system', name: 'daemonset/speaker' },
  ],
}

/** The archives of its images. */
export async function buildAddOn({ unit }: AddOn, progress: Progress): Promise<readonly string[]> {
  const folder = await build(unit, progress)
  return Object.keys(unit.images ?? {}).map((binary) => imageArchive(folder, binary))
}

export async function importEverywhere(place: Place, archives: readonly string[]): Promise<void> {
  await Promise.all(
    place.layout.nodes.map(async (node) => {
      for (const archive of archives) await importImage(place, node.name, archive)
    }),
  )
}

export async function applyAddOn(place: Place, addOn: AddOn): Promise<void> {
  const manifests = await addOn.manifests(place.layout)
  if (manifests === '') return
  const apply = ['apply', '--server-side', '--filename=-']
  await run(...split(kubectlCommand(place, apply)), { input: manifests })
}

export async function waitForAddOn(place: Place, addOn: AddOn): Promise<void> {
  for (const { namespace, name } of addOn.workloads) {
    const wait = ['rollout', 'status', `--namespace=${namespace}`, name, '--timeout=90s']
    await run(...split(kubectlCommand(place, wait)))
  }
}
