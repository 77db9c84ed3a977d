import { checkSchema, customSpecOf } from './custom-types.ts'
import { checkType, modelOf } from './kubernetes-types.ts'
import type { KubernetesObject } from './object.ts'
import { nameOf } from './object.ts'

/** Every field that Kubernetes, or the load balancer whose resource it is, would refuse or drop. */
export function checkFields(object: KubernetesObject): readonly string[] {
  const { apiVersion, kind } = object
  const model = modelOf(apiVersion, kind)
  if (model !== undefined) return checkType(object, model, nameOf(object))
  const spec = customSpecOf(apiVersion, kind)
  if (spec === undefined) return [`${nameOf(object)}: no type is known for ${apiVersion} ${kind}`]
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object
  return [
    ...checkType(metadata, 'V1ObjectMeta', `${nameOf(object)}.metadata`),
    ...checkSchema(rest['spec'], spec, `${nameOf(object)}.spec`),
    ...Object.keys(rest).flatMap((name) => (name === 'spec' ? [] : [`${nameOf(object)}.${name}: no such field`])),
  ]
}
