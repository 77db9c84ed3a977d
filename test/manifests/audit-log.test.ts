import { describe, expect, it } from 'vitest'
import { type AccessRule, rulesOf } from '../cluster/support/access-rules.ts'
import { type AuditEvent, compareAccess, findRefused, isHeadgate, parseAuditLog } from '../cluster/support/audit-log.ts'

const account = { namespace: 'headgate', name: 'headgate' }
const user = 'system:serviceaccount:headgate:headgate'

const event = (verb: string, resource: string, rest: Partial<AuditEvent> = {}): AuditEvent => ({
  atMs: 0,
  user,
  verb,
  apiGroup: '',
  resource,
  namespace: '',
  name: '',
  isAllowed: true,
  reason: '',
  ...rest,
})
const rule = (verbs: readonly string[], resources: readonly string[], rest: Partial<AccessRule> = {}): AccessRule => ({
  from: 'ClusterRole headgate',
  namespace: undefined,
  apiGroups: [''],
  resources,
  verbs,
  resourceNames: [],
  ...rest,
})

// As kube-apiserver 1.36 writes it, without what nobody reads.
const line = (fields: object): string =>
  JSON.stringify({
    kind: 'Event',
    level: 'Metadata',
    stage: 'ResponseComplete',
    verb: 'patch',
    user: { username: user },
    objectRef: {
      resource: 'ingresses',
      namespace: 'shop',
      name: 'web',
      apiGroup: 'networking.k8s.io',
      subresource: 'status',
    },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: '2026-11-21T15:00:00.500000Z',
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC: allowed' },
    ...fields,
  })

describe('the audit log', () => {
  it('is read line by line, but for the first stage of a request and a line that is not finished', () => {
    const text = [line({}), line({ stage: 'RequestReceived' }), line({ annotations: {} }), line({}).slice(0, 40)]
    expect(parseAuditLog(text.join('\n'))).toEqual([
      {
        atMs: Date.UTC(2026, 10, 21, 15, 0, 0, 500),
        user,
        verb: 'patch',
        apiGroup: 'networking.k8s.io',
        resource: 'ingresses/status',
        namespace: 'shop',
        name: 'web',
        isAllowed: true,
        reason: 'RBAC: allowed',
      },
    ])
    expect(() => parseAuditLog(`{"kind":\n${line({})}\n`)).toThrow()
  })

  it('tells requests of Headgate, in whatever namespace, from those of others', () => {
    const of = (name: string) => isHeadgate(event('get', 'secrets', { user: `system:serviceaccount:${name}` }))
    expect(['headgate:headgate', 'mine:headgate', 'mine:default', 'headgate:headgate-2'].map(of)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

describe('requests and rules', () => {
  it('agree when each rule was used and no request was refused', () => {
    const events = [
      event('list', 'secrets'),
      event('watch', 'secrets'),
      event('list', 'services', { namespace: 'shop' }),
    ]
    const rules = [rule(['list', 'watch'], ['secrets']), rule(['list'], ['services'])]
    expect(compareAccess(events, rules)).toEqual({ refused: [], unused: [] })
  })

  it('do not when a request was refused, whoever may do the same', () => {
    const events = [
      event('get', 'secrets', { namespace: 'shop', name: 'a', isAllowed: false, reason: 'no' }),
      event('get', 'secrets', { namespace: 'shop', name: 'a', isAllowed: false, reason: 'no' }),
      event('get', 'secrets', { namespace: 'shop', name: 'b' }),
    ]
    expect(compareAccess(events, [rule(['get'], ['secrets'])])).toEqual({
      refused: [`${user}: get /secrets shop/a (no)`],
      unused: [],
    })
  })

  it.each<[string, AuditEvent]>([
    ['verb', event('watch', 'leases', { apiGroup: 'a', namespace: 'shop', name: 'one' })],
    ['group', event('get', 'leases', { apiGroup: 'b', namespace: 'shop', name: 'one' })],
    ['resource', event('get', 'leases/status', { apiGroup: 'a', namespace: 'shop', name: 'one' })],
    ['namespace', event('get', 'leases', { apiGroup: 'a', namespace: 'blog', name: 'one' })],
    ['name', event('get', 'leases', { apiGroup: 'a', namespace: 'shop', name: 'two' })],
    ['permission', event('get', 'leases', { apiGroup: 'a', namespace: 'shop', name: 'one', isAllowed: false })],
  ])('do not when nobody used a rule: another %s is no use of it', (_, other) => {
    const from = 'Role shop/headgate'
    const rules = [rule(['get'], ['leases'], { from, apiGroups: ['a'], namespace: 'shop', resourceNames: ['one'] })]
    expect(compareAccess([other], rules).unused).toEqual(['Role shop/headgate: get a/leases one'])
    const right = event('get', 'leases', { apiGroup: 'a', namespace: 'shop', name: 'one' })
    expect(compareAccess([other, right], rules).unused).toEqual([])
  })
})

describe('refused requests of a whole run', () => {
  const refused = event('get', 'secrets', { namespace: 'shop', atMs: 10, isAllowed: false })

  it('are those for which the account had the right neither before nor right after', () => {
    expect(findRefused([refused])).toHaveLength(1)
    expect(findRefused([refused, event('get', 'secrets', { namespace: 'shop', atMs: 9_000 })])).toEqual([])
    expect(findRefused([refused, event('get', 'secrets', { namespace: 'shop', atMs: 11_000 })])).toHaveLength(1)
    expect(findRefused([event('get', 'secrets', { namespace: 'shop', atMs: 9 }), refused])).toEqual([])
    expect(findRefused([event('get', 'secrets', { namespace: 'blog', atMs: 9 }), refused])).toHaveLength(1)
    expect(findRefused([event('list', 'secrets', { namespace: 'shop', atMs: 9 }), refused])).toHaveLength(1)
    expect(findRefused([event('get', 'secrets', { namespace: 'shop', user: 'x' }), refused])).toHaveLength(1)
  })

  it('are not those that a test has brought about', () => {
    expect(findRefused([refused], [{ fromMs: 5, toMs: 15 }])).toEqual([])
    expect(findRefused([refused], [{ fromMs: 11, toMs: 15 }])).toHaveLength(1)
  })
})

describe('the rules of an account', () => {
  const named = (name: string, namespace?: string) => ({ metadata: { name, ...(namespace && { namespace }) } })
  const bound = (name: string, kind: string, role: string, namespace?: string, subject: object = account) => ({
    ...named(name, namespace),
    roleRef: { kind, name: role },
    subjects: [{ kind: 'ServiceAccount', ...subject }],
  })
  const rules = (...resources: readonly string[]) => ({ rules: [{ apiGroups: [''], resources, verbs: ['get'] }] })

  it('are those of Roles and ClusterRoles that are bound to it, each where it is bound', () => {
    const grants = {
      roles: [
        { ...named('headgate', 'shop'), ...rules('services') },
        { ...named('headgate', 'blog'), ...rules('pods') },
      ],
      clusterRoles: [
        { ...named('headgate'), ...rules('nodes') },
        { ...named('other'), ...rules('configmaps') },
      ],
      roleBindings: [bound('a', 'Role', 'headgate', 'shop'), bound('b', 'ClusterRole', 'other', 'shop')],
      clusterRoleBindings: [
        bound('c', 'ClusterRole', 'headgate'),
        bound('d', 'ClusterRole', 'other', undefined, { namespace: 'headgate', name: 'other' }),
      ],
    }
    expect(rulesOf(account, grants).map(({ from, namespace, resources }) => [from, namespace, ...resources])).toEqual([
      ['ClusterRole headgate', undefined, 'nodes'],
      ['Role shop/headgate', 'shop', 'services'],
      ['ClusterRole shop/other', 'shop', 'configmaps'],
    ])
  })
})
