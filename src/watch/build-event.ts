import { createHash } from 'node:crypto'
import type { Problem } from '../problem.ts'
import { apiVersionOf, isKind } from './read-object.ts'

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ in its older form, which all clusters take. */
export function buildEvent(problem: Problem, uid: string | undefined, identity: string) {
  const { kind, namespace, name } = problem.object
  // The API server refuses longer ones.
  const message = `${problem.field}: ${problem.message}; ${problem.instead}`.slice(0, 1024)
  const id = createHash('sha256').update(`${kind} ${uid} ${problem.reason} ${message}`).digest('hex').slice(0, 16)
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // Events about cluster-scoped objects are in the namespace default. No label of a name may end in a hyphen.
    metadata: { name: `${name.slice(0, 200).replace(/[-.]+$/, '')}.${id}`, namespace: namespace || 'default' },
    involvedObject: {
      kind,
      name,
      ...(namespace !== '' && { namespace }),
      ...(isKind(kind) && { apiVersion: apiVersionOf(kind) }),
      ...(uid !== undefined && { uid }),
    },
    type: 'Warning',
    reason: problem.reason,
    message,
    source: { component: 'headgate' },
    reportingComponent: 'headgate',
    reportingInstance: identity,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  }
}
