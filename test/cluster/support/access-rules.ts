import { at, list } from '../../manifests/object.ts'
import type { AuditEvent } from './audit-log.ts'
import type { Bed } from './bed.ts'
import { listObjects } from './objects.ts'

/** One rule of a Role or ClusterRole that is bound to an account. */
export type AccessRule = {
  /** `Role shop/headgate` */
  readonly from: string
  /** Where it holds; undefined: everywhere. */
  readonly namespace: string | undefined
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  /** Empty: any. */
  readonly resourceNames: readonly string[]
}

/** The least that can be granted by itself. */
type Cell = {
  readonly from: string
  readonly namespace: string | undefined
  readonly apiGroup: string
  readonly resource: string
  readonly verb: string
  readonly name: string | undefined
}

export type Grants = {
  readonly roles: readonly unknown[]
  readonly clusterRoles: readonly unknown[]
  readonly roleBindings: readonly unknown[]
  readonly clusterRoleBindings: readonly unknown[]
}

/** As the API server has them now. */
export async function readGrants(bed: Bed): Promise<Grants> {
  const get = (plural: string) => listObjects(bed, `/apis/rbac.authorization.k8s.io/v1/${plural}`)
  const [roles, clusterRoles, roleBindings, clusterRoleBindings] = await Promise.all([
    get('roles'),
    get('clusterroles'),
    get('rolebindings'),
    get('clusterrolebindings'),
  ])
  return { roles, clusterRoles, roleBindings, clusterRoleBindings }
}

/** The rules bound to the account by its name: groups of accounts have rights of every account, and not of ours. */
export function rulesOf(
  account: { readonly namespace: string; readonly name: string },
  grants: Grants,
): readonly AccessRule[] {
  const isOurs = (binding: unknown): boolean =>
    list(at(binding, 'subjects')).some(
      (subject) =>
        at(subject, 'kind') === 'ServiceAccount' &&
        at(subject, 'name') === account.name &&
        at(subject, 'namespace') === account.namespace,
    )
  return [
    ...grants.clusterRoleBindings.filter(isOurs).flatMap((binding) => rulesBoundBy(binding, grants)),
    ...grants.roleBindings.filter(isOurs).flatMap((binding) => rulesBoundBy(binding, grants)),
  ]
}

function rulesBoundBy(binding: unknown, { roles, clusterRoles }: Grants): readonly AccessRule[] {
  const kind = at(binding, 'roleRef.kind')
  const name = at(binding, 'roleRef.name')
  const namespace = at(binding, 'metadata.namespace')
  const isBound = (role: unknown): boolean =>
    at(role, 'metadata.name') === name && (kind === 'ClusterRole' || at(role, 'metadata.namespace') === namespace)
  const where = typeof namespace === 'string' ? namespace : undefined
  const from = `${String(kind)} ${where === undefined ? '' : `${where}/`}${String(name)}`
  return (kind === 'ClusterRole' ? clusterRoles : roles)
    .filter(isBound)
    .flatMap((role) => list(at(role, 'rules')))
    .map((rule) => ({
      from,
      namespace: where,
      apiGroups: texts(at(rule, 'apiGroups')),
      resources: texts(at(rule, 'resources')),
      verbs: texts(at(rule, 'verbs')),
      resourceNames: texts(at(rule, 'resourceNames')),
    }))
}

export function ruleCells({
  from,
  namespace,
  apiGroups,
  resources,
  verbs,
  resourceNames,
}: AccessRule): readonly Cell[] {
  const names = resourceNames.length === 0 ? [undefined] : resourceNames
  return apiGroups.flatMap((apiGroup) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => names.map((name) => ({ from, namespace, apiGroup, resource, verb, name }))),
    ),
  )
}

/** Whether this request needs what is granted here. */
export function fits(event: AuditEvent, cell: Cell): boolean {
  return (
    event.verb === cell.verb &&
    event.apiGroup === cell.apiGroup &&
    event.resource === cell.resource &&
    (cell.namespace === undefined || event.namespace === cell.namespace) &&
    (cell.name === undefined || event.name === cell.name)
  )
}

function texts(value: unknown): readonly string[] {
  return list(value).map(String)
}
