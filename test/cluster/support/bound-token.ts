import { at } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'
import { applyObjects } from './objects.ts'

/** A token that is refused as soon as `spoil` is called, as one whose time is over; the least that can be asked for is ten minutes. */
export type BoundToken = { readonly token: string; spoil(): Promise<void> }

/**
 * Bound to a Secret, so that it lives as long as that one does:
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
export async function createBoundToken(bed: Bed, namespace: string, name: string): Promise<BoundToken> {
  await applyObjects(bed, [{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } }])
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/headgate/token`
  const { status, body } = await bed.api('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name } },
  })
  const token = at(body, 'status.token')
  if (typeof token !== 'string') throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`)
  return {
    token,
    async spoil() {
      await bed.kubectl(['delete', 'secret', name, '-n', namespace])
    },
  }
}
