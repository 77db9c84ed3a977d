import type { Problem } from '../problem.ts'
import type { ClusterState } from '../watch/cluster-state.ts'
import type { Ingress } from '../watch/objects.ts'
import type { BuildOptions } from './build-input.ts'
import { parseLabelSelector, selectorMatches } from './label-selector.ts'

/** Why an Ingress that nobody will serve is worth a word: its class does not exist. */
type Ownership = 'ours' | 'not-ours' | Problem

export type Owner = (ingress: Ingress, state: ClusterState) => Ownership

const classAnnotation = 'kubernetes.io/ingress.class'

/**
 * Tells which Ingresses are ours: in a namespace that is watched, and of our class. The field `ingressClassName` goes
 * before the old annotation, as in ingress-nginx; with neither, it is ours only if the operator said so.
 * Throws for a namespace selector that is none: it is the operator's, not a user's.
 */
export function createOwner(options: BuildOptions): Owner {
  const { watchNamespaceSelector: text, watchNamespaces } = options
  const selector = text === undefined ? undefined : parseLabelSelector(text)
  if (text !== undefined && selector === undefined) throw new Error(`not a label selector: ${text}`)
  const isWatched = (namespace: string, state: ClusterState) => {
    if (watchNamespaces.length > 0 && !watchNamespaces.includes(namespace)) return false
    if (selector === undefined) return true
    const object = state.namespaces.get(namespace)
    return object !== undefined && selectorMatches(selector, object.metadata.labels ?? {})
  }
  return (ingress, state) =>
    isWatched(ingress.metadata.namespace ?? 'default', state) ? ownershipByClass(ingress, state, options) : 'not-ours'
}

function ownershipByClass(ingress: Ingress, state: ClusterState, options: BuildOptions): Ownership {
  const className: unknown = ingress.spec?.ingressClassName
  if (typeof className === 'string' && className !== '') return ownershipByName(className, ingress, state, options)
  const annotation = ingress.metadata.annotations?.[classAnnotation]
  if (annotation !== undefined && annotation !== '') return annotation === options.ingressClass ? 'ours' : 'not-ours'
  return options.watchIngressWithoutClass ? 'ours' : 'not-ours'
}

function ownershipByName(className: string, ingress: Ingress, state: ClusterState, options: BuildOptions): Ownership {
  const ingressClass = state.ingressClasses.get(className)
  const controller: unknown = ingressClass?.spec?.controller
  if (ingressClass !== undefined) {
    return typeof controller === 'string' && options.controllerClasses.includes(controller) ? 'ours' : 'not-ours'
  }
  if (options.ingressClassByName && className === options.ingressClass) return 'ours'
  const { namespace = 'default', name } = ingress.metadata
  return {
    object: { kind: 'Ingress', namespace, name },
    field: 'spec.ingressClassName',
    reason: 'IngressClassNotFound',
    message: `there is no IngressClass ${className}`,
    instead: 'nothing is served for this Ingress',
  }
}
