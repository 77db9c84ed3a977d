import { describe, expect, it } from 'vitest'
import type { Problem } from '../../src/problem.ts'
import type { Ingress } from '../../src/watch/objects.ts'
import { findToldProblems } from '../../src/watch/told-problems.ts'

const ingress = (name: string, ...secrets: readonly string[]): Ingress => ({
  kind: 'Ingress',
  metadata: { name, namespace: 'shop' },
  spec: { tls: secrets.map((secretName) => ({ secretName })) },
})

const problem = (kind: string, namespace: string, name: string): Problem => ({
  object: { kind, namespace, name },
  field: 'data[tls.key]',
  reason: 'TlsSecretInvalid',
  message: 'the key does not belong to the certificate',
  instead: 'the default certificate is served',
})

const ours = new Map([
  ['shop/web', ingress('web', 'good', 'bad', 'bad')],
  ['shop/api', ingress('api', 'bad')],
  ['shop/other', ingress('other', 'good')],
])

describe('findToldProblems', () => {
  it('tells the problem of a Secret on each Ingress that names it, too', () => {
    const ofSecret = problem('Secret', 'shop', 'bad')
    const told = findToldProblems([ofSecret], ours)
    expect(told[0]).toBe(ofSecret)
    expect(
      told.slice(1).map(({ object, field }) => `${object.kind} ${object.namespace}/${object.name} ${field}`),
    ).toEqual(['Ingress shop/web spec.tls[1].secretName', 'Ingress shop/api spec.tls[0].secretName'])
    expect(told[1]).toMatchObject({
      reason: 'TlsSecretInvalid',
      message: 'Secret shop/bad, data[tls.key]: the key does not belong to the certificate',
      instead: 'the default certificate is served',
    })
  })

  it.each([
    ['of the same name in another namespace', problem('Secret', 'blog', 'bad')],
    ['of another kind', problem('Service', 'shop', 'bad')],
  ])('tells nothing more of an object %s', (_, other) => {
    expect(findToldProblems([other], ours)).toEqual([other])
  })
})
