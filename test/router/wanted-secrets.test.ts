import { describe, expect, it } from 'vitest'
import { createSecretFinder } from '../../src/router/wanted-secrets.ts'
import { type ClusterState, emptyClusterState } from '../../src/watch/cluster-state.ts'
import type { Ingress, IngressClass } from '../../src/watch/objects.ts'
import { options } from './inputs.ts'

const ingress = (name: string, ingressClassName: string, ...secrets: readonly string[]): [string, Ingress] => [
  `shop/${name}`,
  {
    kind: 'Ingress',
    metadata: { name, namespace: 'shop' },
    spec: { ingressClassName, tls: secrets.map((secretName) => ({ secretName })) },
  },
]
const classOf = (name: string, controller: string): [string, IngressClass] => [
  name,
  { kind: 'IngressClass', metadata: { name }, spec: { controller } },
]

const state: ClusterState = {
  ...emptyClusterState,
  ingressClasses: new Map([classOf('ours', 'headgate.dev/ingress'), classOf('theirs', 'example.com/other')]),
  ingresses: new Map([
    ingress('a', 'ours', 'one', 'two'),
    ingress('b', 'ours', 'two'),
    ingress('c', 'theirs', 'three'),
    ingress('d', 'missing', 'four'),
  ]),
}

describe('the Secrets that are needed', () => {
  it('are those that Ingresses of ours name, and the default certificate', () => {
    const find = createSecretFinder({ ...options, defaultCertificate: 'headgate/default' })
    expect([...find(state)].sort()).toEqual(['headgate/default', 'shop/one', 'shop/two'])
  })

  it('are none of Ingresses in namespaces that are not watched', () => {
    expect([...createSecretFinder({ ...options, watchNamespaces: ['blog'] })(state)]).toEqual([])
  })

  it('become others when a class gets another controller', () => {
    const find = createSecretFinder(options)
    find(state)
    const ingressClasses = new Map([...state.ingressClasses, classOf('theirs', 'headgate.dev/ingress')])
    expect(find({ ...state, ingressClasses }).has('shop/three')).toBe(true)
  })

  it('are the same set while other objects change', () => {
    const find = createSecretFinder(options)
    expect(find({ ...state, services: new Map(), secrets: new Map() })).toBe(find(state))
  })
})
