import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkFields } from './fields.ts'
import {
  findKustomize,
  installLine,
  manifestsFolder,
  overlays,
  render,
  renderable,
  renderFiles,
  renderWith,
} from './kustomize.ts'
import { at, type KubernetesObject, list } from './object.ts'
import { checkRelations } from './relations.ts'
import { argumentOf, isWorkload } from './workloads.ts'

const found = findKustomize()
// CI installs the program, so there its absence is a failure and not a reason to pass.
const skipped = found === undefined && process.env['CI'] === undefined
if (skipped)
  console.warn(`The manifests are NOT rendered and checked: kustomize is missing. Install it with\n  ${installLine}`)
const program = found ?? 'kustomize'

describe.skipIf(skipped).each(renderable())('manifests/%s, as kubectl apply -k would send it', (folder) => {
  it('has only fields of the Kubernetes API and of the load balancer it is for, with values of their types', () => {
    expect(render(program, folder).flatMap(checkFields)).toEqual([])
  })

  it('is safe to run and names nothing that does not exist', () => {
    expect(checkRelations(render(program, folder))).toEqual([])
  })
})

const verbsOn = (resource: string, objects: readonly KubernetesObject[]): readonly unknown[] => {
  const rules = objects.flatMap((object) => list(object['rules']))
  const fitting = rules.filter((rule) => list(at(rule, 'resources')).includes(resource))
  return [...new Set(fitting.flatMap((rule) => list(at(rule, 'verbs'))))]
}

/** What an overlay is chosen for. */
const promises: Readonly<Record<string, { readonly workload: string; readonly service: Record<string, unknown> }>> = {
  'cilium-l2': {
    workload: 'Deployment',
    service: { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', loadBalancerClass: 'io.cilium/l2-announcer' },
  },
  'dual-stack': {
    workload: 'Deployment',
    service: { type: 'LoadBalancer', ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] },
  },
  externalips: { workload: 'Deployment', service: { type: 'ClusterIP', externalIPs: ['198.51.100.80'] } },
  hostnetwork: { workload: 'DaemonSet', service: { type: 'ClusterIP' } },
  'ipv6-only': {
    workload: 'Deployment',
    service: { type: 'LoadBalancer', ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] },
  },
  loadbalancer: { workload: 'Deployment', service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
  'metallb-bgp': { workload: 'Deployment', service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
  'metallb-l2': { workload: 'Deployment', service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
  namespaced: { workload: 'Deployment', service: { type: 'LoadBalancer' } },
  nodeport: { workload: 'DaemonSet', service: { type: 'NodePort', externalTrafficPolicy: 'Local' } },
  'secrets-by-name': { workload: 'Deployment', service: { type: 'LoadBalancer' } },
  purelb: { workload: 'Deployment', service: { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' } },
}

describe.skipIf(skipped)('the overlays', () => {
  it.each(overlays())('%s gives the kind of Service and of workload that it is chosen for', (name) => {
    const objects = render(program, `overlays/${name}`)
    const service = objects.find((object) => object.kind === 'Service' && object.metadata.name === 'headgate')
    expect(objects.filter(isWorkload).map((object) => object.kind)).toEqual([promises[name]?.workload])
    expect(service?.['spec']).toMatchObject(promises[name]?.service ?? {})
  })

  it('hostnetwork listens on 80 and 443 of the node and publishes the addresses of nodes', () => {
    const workload = render(program, 'overlays/hostnetwork').find(isWorkload)
    const container = list(at(workload, 'spec.template.spec.containers'))[0]
    expect(at(workload, 'spec.template.spec.hostNetwork')).toBe(true)
    expect(['http-port', 'https-port'].map((flag) => argumentOf(container, flag))).toEqual(['80', '443'])
    expect(argumentOf(container, 'publish-status-address')).toBeDefined()
    expect(argumentOf(container, 'publish-service')).toBeUndefined()
  })

  it('namespaced reads nothing cluster-wide but IngressClasses', () => {
    const objects = render(program, 'overlays/namespaced')
    const cluster = objects.filter((object) => object.kind === 'ClusterRole').flatMap((role) => list(role['rules']))
    expect(cluster.flatMap((rule) => list(at(rule, 'resources')))).toEqual(['ingressclasses'])
    const container = list(at(objects.find(isWorkload), 'spec.template.spec.containers'))[0]
    expect(argumentOf(container, 'watch-namespace')).toBe('shop')
  })

  it.each(overlays())(
    '%s publishes the addresses of nodes with components/node-addresses, and may get them',
    (name) => {
      const objects = renderWith(program, [`overlays/${name}`], ['components/node-addresses'])
      expect(checkRelations(objects)).toEqual([])
      const container = list(at(objects.find(isWorkload), 'spec.template.spec.containers'))[0]
      expect(argumentOf(container, 'publish-node-addresses')).toBe('external')
      expect(argumentOf(container, 'publish-service')).toBe('$(POD_NAMESPACE)/headgate')
      expect(argumentOf(container, 'publish-status-address')).toBeUndefined()
      const rules = objects.filter(({ kind }) => kind === 'ClusterRole').flatMap((role) => list(role['rules']))
      expect(rules).toContainEqual({ apiGroups: [''], resources: ['nodes'], verbs: ['get'] })
    },
  )

  it('secrets-by-name can neither list nor watch Secrets, and says so to Headgate', () => {
    const objects = render(program, 'overlays/secrets-by-name')
    expect(verbsOn('secrets', objects)).toEqual(['get'])
    const container = list(at(objects.find(isWorkload), 'spec.template.spec.containers'))[0]
    expect(argumentOf(container, 'secrets')).toBe('by-name')
  })

  it('secrets-by-name and namespaced go together', () => {
    const objects = renderWith(
      program,
      ['overlays/loadbalancer', 'overlays/namespaced/shop'],
      ['components/secrets-by-name', 'components/namespaced'],
    )
    expect(verbsOn('secrets', objects)).toEqual(['get'])
    expect(objects.filter(({ kind }) => kind === 'ClusterRole').flatMap((role) => list(role['rules']))).toEqual([
      { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses'], verbs: ['list', 'watch'] },
    ])
  })

  it('secrets-by-name is made narrower by what its page says', () => {
    const page = readFileSync(join(manifestsFolder, 'overlays/secrets-by-name/README.md'), 'utf8')
    const blocks = [...page.matchAll(/```yaml\n# my-headgate\/([\w.-]+)[^\n]*\n(.*?)```/gs)].map(
      ([, name = '', text = '']) => [name, text.replaceAll('../manifests', '{manifests}')],
    )
    const objects = renderFiles(program, Object.fromEntries(blocks))
    expect(checkRelations(objects)).toEqual([])
    const rules = objects.flatMap((role) => list(role['rules']))
    expect(rules.filter((rule) => list(at(rule, 'resources')).includes('secrets'))).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['shop-tls', 'checkout-tls'], verbs: ['get'] },
    ])
  })

  it('the components that add rights to base name nothing that does not exist', () => {
    for (const component of ['namespace-selector', 'node-addresses']) {
      const objects = renderWith(program, ['base'], [`components/${component}`])
      expect(objects.flatMap(checkFields)).toEqual([])
      expect(checkRelations(objects)).toEqual([])
    }
  })

  it('the DaemonSet differs from the Deployment in nothing but being one pod per node', () => {
    const pods = ['loadbalancer', 'nodeport'].map((name) =>
      at(render(program, `overlays/${name}`).find(isWorkload), 'spec.template'),
    )
    const [ofDeployment, ofDaemonSet] = pods.map((pod) =>
      JSON.stringify(pod, (key, value: unknown) => (key === 'topologySpreadConstraints' ? undefined : value)),
    )
    expect(ofDaemonSet).toBe(ofDeployment)
  })
})
