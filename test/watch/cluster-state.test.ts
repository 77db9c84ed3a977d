import { describe, expect, it } from 'vitest'
import { applyChanges, diffObjects, emptyClusterState, isSameObject } from '../../src/watch/cluster-state.ts'
import type { Service } from '../../src/watch/objects.ts'

function service(name: string, type: string, metadata: object = {}): Service {
  return { kind: 'Service', metadata: { name, namespace: 'shop', ...metadata }, spec: { type } }
}

const put = (object: Service) => ({ kind: object.kind, key: `shop/${object.metadata.name}`, object })
const drop = (name: string) => ({ kind: 'Service' as const, key: `shop/${name}`, object: undefined })

describe('applyChanges', () => {
  it('leaves the state it was given as it was', () => {
    const before = applyChanges(emptyClusterState, [put(service('a', 'x'))])
    const after = applyChanges(before, [put(service('b', 'x')), drop('a')])
    expect([...before.services.keys()]).toEqual(['shop/a'])
    expect([...after.services.keys()]).toEqual(['shop/b'])
    expect(after.ingresses).toBe(before.ingresses)
  })

  it('gives back the same state when nothing that we read has changed', () => {
    const before = applyChanges(emptyClusterState, [put(service('a', 'x', { resourceVersion: '1' }))])
    expect(applyChanges(before, [put(service('a', 'x', { resourceVersion: '2' })), drop('missing')])).toBe(before)
  })

  it('takes the last of several changes to one object', () => {
    const changes = [put(service('a', 'x')), drop('a'), put(service('a', 'y'))]
    expect(applyChanges(emptyClusterState, changes).services.get('shop/a')?.spec).toEqual({ type: 'y' })
  })
})

describe('diffObjects', () => {
  it('leads to exactly these objects', () => {
    const before = applyChanges(emptyClusterState, [put(service('a', 'x')), put(service('b', 'x'))])
    const after = applyChanges(before, diffObjects(before, [service('b', 'x'), service('c', 'x')]))
    expect([...after.services.keys()]).toEqual(['shop/b', 'shop/c'])
    expect(after.services.get('shop/b')).toBe(before.services.get('shop/b'))
  })
})

describe('isSameObject', () => {
  it('does not mind the order of annotations, but an object made anew is another', () => {
    const annotated = (annotations: object, uid = 'u') => service('a', 'x', { annotations, uid })
    expect(isSameObject(annotated({ a: '1', b: '2' }), annotated({ b: '2', a: '1' }))).toBe(true)
    expect(isSameObject(annotated({}), annotated({}, 'v'))).toBe(false)
  })
})
