import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkFields } from './fields.ts'
import { parseObjects } from './kustomize.ts'
import { checkRelations } from './relations.ts'

const bad = parseObjects(readFileSync(new URL('fixtures/bad.yaml', import.meta.url), 'utf8'))

describe('the checker of manifests', () => {
  it('finds every field that Kubernetes would refuse or drop', () => {
    expect(bad.flatMap(checkFields)).toEqual([
      'Service bad/edge.spec.type: Loadbalancer is none of ClusterIP, NodePort, LoadBalancer, ExternalName',
      'Service bad/edge.spec.loadBalancerIp: V1ServiceSpec has no such field',
      'Service bad/edge.spec.ports[0].port: required by V1ServicePort',
      'Deployment bad/old: no type is known for apps/v1beta1 Deployment',
      'Deployment bad/edge.spec.replicas: "2" is not of type number',
      'Deployment bad/edge.spec.template.spec.containers[0].ports[0].containerPort: 80.5 is not a whole number',
      'Deployment bad/edge.spec.template.spec.containers[0].readinessProbe.timeoutSecond: V1Probe has no such field',
      'L2Advertisement metallb-system/edge.spec.pools: no such field',
      'BGPPeer metallb-system/edge.spec.myASN: required',
      'BGPPeer metallb-system/edge.spec.peerASN: "64512" is not of type integer',
    ])
  })

  it('finds every pod that is unsafe, unreachable or without the time to drain', () => {
    const mistakes = checkRelations(bad).filter((mistake) => mistake.startsWith('Deployment bad/edge: '))
    expect(mistakes.map((mistake) => mistake.slice('Deployment bad/edge: '.length))).toEqual([
      'ServiceAccount nobody does not exist',
      'its selector does not match its own pods',
      'rolling update by maxUnavailable 1, maxSurge 0, not 0, 1',
      'grace period of 30 s for a lame duck and drain of 10 + 240 s',
      'variables of Services mix with HEADGATE_ flags',
      'image headgate:latest is not pinned to a version',
      'capabilities are not dropped',
      'may escalate its privileges',
      'may write its root file system',
      'has no seccomp profile',
      'may run as root',
      'adds SYS_ADMIN',
      'startupProbe does not ask /healthz',
      'livenessProbe asks port health, which the container has not',
      'livenessProbe gives up after 1 s of silence',
      'no resources.requests.cpu',
      'no resources.requests.memory',
      'no resources.limits.memory',
      'no limit to its workers',
      'unknown flag --lame-duck-second, did you mean --lame-duck-seconds?',
      '--http-port=8080 is not its port 80.5',
      '--publish-service: no Service bad/none',
      '--ingress-class and --controller-class name no IngressClass',
      'variable POD_NAME is not set',
      'variable POD_NAMESPACE is not set',
      'ConfigMap none does not exist',
    ])
  })

  it('finds every name that leads nowhere and every right that nobody needs', () => {
    const mistakes = checkRelations(bad).filter((mistake) => !mistake.startsWith('Deployment '))
    expect(mistakes).toEqual([
      'Service bad/edge: selects no pods',
      'Service bad/edge: no container has the port web',
      'PodDisruptionBudget bad/edge: selects no pods of a Deployment',
      'ClusterRole bad/edge: has no namespace',
      'ClusterRole bad/edge: a wildcard for secrets',
      'ClusterRole bad/edge: writes secrets',
      'ClusterRole bad/edge: verb * on leases',
      'ClusterRole bad/edge: every Lease of the namespace',
      'ClusterRole bad/edge: create of events by name never fits',
      'RoleBinding bad/edge: no Role none',
      'RoleBinding bad/edge: no ServiceAccount nobody',
      'L2Advertisement metallb-system/edge: no IPAddressPool none',
    ])
  })
})
