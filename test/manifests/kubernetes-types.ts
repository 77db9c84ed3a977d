// Checks an object field by field against the OpenAPI types of Kubernetes, without a cluster: the client library ships
// them as generated classes (field names and types) with declarations (which fields are required).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as client from '@kubernetes/client-node'
import { isFields } from './object.ts'

/** The kinds that manifests/ uses. An apiVersion that is missing here is a mistake, or a kind to add. */
const models: Readonly<Record<string, string>> = {
  'v1 Namespace': 'V1Namespace',
  'v1 Service': 'V1Service',
  'v1 ServiceAccount': 'V1ServiceAccount',
  'v1 ConfigMap': 'V1ConfigMap',
  'apps/v1 DaemonSet': 'V1DaemonSet',
  'apps/v1 Deployment': 'V1Deployment',
  'networking.k8s.io/v1 Ingress': 'V1Ingress',
  'networking.k8s.io/v1 IngressClass': 'V1IngressClass',
  'policy/v1 PodDisruptionBudget': 'V1PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1 ClusterRole': 'V1ClusterRole',
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': 'V1ClusterRoleBinding',
  'rbac.authorization.k8s.io/v1 Role': 'V1Role',
  'rbac.authorization.k8s.io/v1 RoleBinding': 'V1RoleBinding',
}

/** The generated types leave enumerations out; these are the ones our files use, from the API reference. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'V1ServiceSpec.type': ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
  'V1ServiceSpec.externalTrafficPolicy': ['Cluster', 'Local'],
  'V1ServiceSpec.ipFamilyPolicy': ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
  'V1ServicePort.protocol': ['TCP', 'UDP', 'SCTP'],
  'V1ContainerPort.protocol': ['TCP', 'UDP', 'SCTP'],
  'V1Container.imagePullPolicy': ['Always', 'IfNotPresent', 'Never'],
  'V1DeploymentStrategy.type': ['RollingUpdate', 'Recreate'],
  'V1DaemonSetUpdateStrategy.type': ['RollingUpdate', 'OnDelete'],
  'V1PodSpec.dnsPolicy': ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  'V1SeccompProfile.type': ['RuntimeDefault', 'Localhost', 'Unconfined'],
  'V1TopologySpreadConstraint.whenUnsatisfiable': ['DoNotSchedule', 'ScheduleAnyway'],
  'V1PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy': ['AlwaysAllow', 'IfHealthyBudget'],
  'RbacV1Subject.kind': ['ServiceAccount', 'User', 'Group'],
  'V1RoleRef.kind': ['Role', 'ClusterRole'],
}

type Field = { readonly baseName: string; readonly type: string; readonly format: string }

/** The model of a kind, or undefined when it is none of Kubernetes' own that we know. */
export function modelOf(apiVersion: string, kind: string): string | undefined {
  return models[`${apiVersion} ${kind}`]
}

/** Every mistake as `path: what is wrong`. Throws when `type` is no type of the client library. */
export function checkType(value: unknown, type: string, path: string): readonly string[] {
  const array = /^Array<(.+)>$/.exec(type)?.[1]
  if (array !== undefined) {
    if (!Array.isArray(value)) return [`${path}: not a list`]
    return value.flatMap((item, index) => checkType(item, array, `${path}[${index}]`))
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1]
  if (map !== undefined) {
    if (!isFields(value)) return [`${path}: not a map`]
    return Object.entries(value).flatMap(([key, item]) => checkType(item, map, `${path}[${key}]`))
  }
  return isPrimitive(type) ? checkPrimitive(value, type, path) : checkModel(value, type, path)
}

function isPrimitive(type: string): boolean {
  return ['string', 'number', 'boolean', 'any', 'IntOrString', 'Date', 'V1MicroTime'].includes(type)
}

function checkPrimitive(value: unknown, type: string, path: string): readonly string[] {
  const right =
    type === 'any' ||
    typeof value === type ||
    (type === 'IntOrString' && (typeof value === 'string' || Number.isInteger(value))) ||
    ((type === 'Date' || type === 'V1MicroTime') && typeof value === 'string' && !Number.isNaN(Date.parse(value)))
  return right ? [] : [`${path}: ${JSON.stringify(value)} is not of type ${type}`]
}

function checkModel(value: unknown, model: string, path: string): readonly string[] {
  if (!isFields(value)) return [`${path}: not an object (${model})`]
  const fields = new Map(fieldsOf(model).map((field) => [field.baseName, field]))
  const missing = requiredOf(model).filter((name) => value[name] === undefined)
  return [
    ...missing.map((name) => `${path}.${name}: required by ${model}`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const field = fields.get(name)
      if (field === undefined) return [`${path}.${name}: ${model} has no such field`]
      return [
        ...checkType(inner, field.type, `${path}.${name}`),
        ...checkRange(inner, field, `${model}.${name}`, `${path}.${name}`),
      ]
    }),
  ]
}

function checkRange(value: unknown, field: Field, name: string, path: string): readonly string[] {
  if (field.format.startsWith('int') && typeof value === 'number' && !Number.isInteger(value)) {
    return [`${path}: ${value} is not a whole number`]
  }
  const values = allowed[name]
  if (values === undefined || typeof value !== 'string' || values.includes(value)) return []
  return [`${path}: ${value} is none of ${values.join(', ')}`]
}

function fieldsOf(model: string): readonly Field[] {
  const type: unknown = Reflect.get(client, model)
  if (typeof type !== 'function') throw new Error(`the client library has no type ${model}`)
  const fields: unknown = Reflect.get(type, 'attributeTypeMap')
  if (!Array.isArray(fields) || !fields.every(isField)) throw new Error(`${model} has no list of fields`)
  return fields
}

function isField(value: unknown): value is Field {
  return isFields(value) && ['baseName', 'type', 'format'].every((name) => typeof value[name] === 'string')
}

const declarations = join(fileURLToPath(import.meta.resolve('@kubernetes/client-node')), '..', 'gen', 'models')
const required = new Map<string, readonly string[]>()

/** Only the declaration tells an optional field (`'name'?:`) from a required one (`'name':`). */
function requiredOf(model: string): readonly string[] {
  const known = required.get(model)
  if (known !== undefined) return known
  const text = readFileSync(join(declarations, `${model}.d.ts`), 'utf8')
  const names = [...text.matchAll(/^ {4}'([^']+)':/gm)].flatMap((match) => match[1] ?? [])
  required.set(model, names)
  return names
}
