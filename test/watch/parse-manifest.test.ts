import { describe, expect, it } from 'vitest'
import { mergeManifests } from '../../src/watch/merge-manifests.ts'
import { keyOf } from '../../src/watch/objects.ts'
import { parseManifest } from '../../src/watch/parse-manifest.ts'

const service = (name: string) => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\n`

function keys(text: string, file = 'a.yaml'): readonly string[] {
  return parseManifest(text, file).objects.map((object) => `${object.kind} ${keyOf(object)}`)
}

describe('parseManifest', () => {
  it('reads every document of a file', () => {
    expect(keys(`${service('a')}---\n${service('b')}---\n`)).toEqual(['Service shop/a', 'Service shop/b'])
  })

  it('reads JSON', () => {
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    expect(keys(text, 'a.json')).toEqual(['Namespace shop'])
  })

  it('reads lists, typed ones with items that do not repeat their kind', () => {
    const items = [{ metadata: { name: 'a' } }]
    const typed = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressList', items }
    expect(keys(JSON.stringify({ kind: 'List', apiVersion: 'v1', items: [typed] }))).toEqual(['Ingress default/a'])
  })

  it('puts objects without a namespace into default, but not cluster-scoped ones', () => {
    const ingressClass = 'apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: c, namespace: x}\n'
    expect(keys(`apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\n${ingressClass}`)).toEqual([
      'Secret default/s',
      'IngressClass c',
    ])
  })

  it.each([
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n',
    'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\n',
    '',
    '# only a comment\n',
    '---\n---\n',
  ])('has nothing to say about %j', (text) => {
    expect(parseManifest(text, 'a.yaml')).toEqual({ objects: [], problems: [], broken: false })
  })

  it('names file and line of bad YAML, and reads the other documents', () => {
    const manifest = parseManifest(`${service('a')}---\nkind: [\n---\n${service('b')}`, 'dir/a.yaml')
    expect(manifest.objects.map(keyOf)).toEqual(['shop/a', 'shop/b'])
    expect(manifest.broken).toBe(true)
    expect(manifest.problems).toMatchObject([
      {
        reason: 'BadManifest',
        object: { kind: 'File', name: 'dir/a.yaml' },
        field: expect.stringMatching(/^line [56]$/),
      },
    ])
  })

  it.each([
    ['{\n"kind": "Service",\n}', 3],
    ['{\n"kind":', 2],
  ])('names the line of bad JSON %j', (text, line) => {
    expect(parseManifest(text, 'a.json').problems).toMatchObject([{ field: `line ${line}` }])
  })

  it.each([
    ['metadata: {name: a}', 'no kind'],
    ['apiVersion: v1\nkind: Service', 'no metadata.name'],
    ['kind: Service\nmetadata: {name: a}', 'no apiVersion'],
    ['apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}', 'networking.k8s.io/v1'],
    ['- a', 'is expected'],
    ['just text', 'is expected'],
  ])('finds fault with %j', (text, message) => {
    const { problems, broken } = parseManifest(text, 'a.yaml')
    expect(problems).toMatchObject([{ reason: 'BadManifest', message: expect.stringContaining(message) }])
    expect(broken).toBe(false)
  })

  it('is not taken in by aliases that blow up', () => {
    let text = 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n'
    for (let level = 1; level < 9; level++) text += `a${level}: &a${level} [${Array(10).fill(`*a${level - 1}`)}]\n`
    expect(parseManifest(text, 'a.yaml').problems).toMatchObject([{ reason: 'BadManifest' }])
  })

  it('folds stringData into data, over what is there', () => {
    const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: YQ==, b: Yg==}\nstringData: {b: "é"}\n'
    expect(parseManifest(text, 'a.yaml').objects).toMatchObject([{ data: { a: 'YQ==', b: 'w6k=' } }])
  })

  it('keeps what we read and nothing else', () => {
    const raw = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: 'a',
        managedFields: [{}],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'x', flag: true },
      },
      spec: {
        rules: [{ host: 'h', other: 1, http: { paths: [{ path: '/', backend: { service: { name: 's', x: 1 } } }] } }],
      },
      status: { loadBalancer: { ingress: [{ ip: '10.0.0.1', ports: [] }] }, conditions: [] },
    }
    expect(parseManifest(JSON.stringify(raw), 'a.json').objects).toEqual([
      {
        kind: 'Ingress',
        metadata: { name: 'a', namespace: 'default', annotations: { kept: 'x', flag: 'true' } },
        spec: { rules: [{ host: 'h', http: { paths: [{ path: '/', backend: { service: { name: 's' } } }] } }] },
        status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
      },
    ])
  })

  it('leaves wrong types inside spec to the router', () => {
    const text = 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {rules: 7, tls: [null]}\n'
    expect(parseManifest(text, 'a.yaml').objects).toMatchObject([{ spec: { rules: 7, tls: [null] } }])
  })
})

describe('mergeManifests', () => {
  it('takes the first of two objects with one name, and says where the other is', () => {
    const a = parseManifest(`${service('x')}spec: {type: First}\n`, 'a.yaml')
    const b = parseManifest(`${service('x')}spec: {type: Second}\n`, 'b.yaml')
    const { objects, problems } = mergeManifests([
      ['a.yaml', a],
      ['b.yaml', b],
    ])
    expect(objects).toMatchObject([{ spec: { type: 'First' } }])
    expect(problems).toMatchObject([
      { object: { kind: 'Service', namespace: 'shop', name: 'x' }, message: expect.stringMatching(/a\.yaml.*b\.yaml/) },
    ])
  })
})
