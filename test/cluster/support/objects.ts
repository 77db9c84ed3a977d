import { at, type Fields, isFields, type KubernetesObject, list } from '../../manifests/object.ts'
import type { Bed } from './bed.ts'

export async function applyObjects(bed: Bed, objects: readonly KubernetesObject[]): Promise<void> {
  await bed.apply(objects.map((object) => JSON.stringify(object)).join('\n---\n'))
}

/** @throws what the API server answered, where that is no success. */
export async function getObject(bed: Bed, path: string): Promise<Fields> {
  const { status, body } = await bed.api('GET', path)
  if (status !== 200 || !isFields(body)) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
  return body
}

/** A merge patch. @throws what the API server answered, where that is no success. */
export async function patchObject(bed: Bed, path: string, patch: Fields): Promise<void> {
  const { status, body } = await bed.api('PATCH', path, patch)
  if (status !== 200) throw new Error(`PATCH ${path}: ${status} ${JSON.stringify(body)}`)
}

export async function listObjects(bed: Bed, path: string): Promise<readonly Fields[]> {
  return list((await getObject(bed, path))['items']).filter(isFields)
}

export async function createNamespace(bed: Bed, name: string): Promise<void> {
  await applyObjects(bed, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }])
}

/** Resolves when it is gone, with everything in it. */
export async function deleteNamespace(bed: Bed, name: string): Promise<void> {
  await bed.kubectl(['delete', 'namespace', name, '--ignore-not-found', '--timeout=90s'])
}

export type Pod = {
  readonly name: string
  readonly uid: string
  readonly node: string
  readonly addresses: readonly string[]
  readonly isReady: boolean
  readonly isTerminating: boolean
  readonly restarts: number
}

export async function listPods(bed: Bed, namespace: string, labelSelector: string): Promise<readonly Pod[]> {
  const query = `labelSelector=${encodeURIComponent(labelSelector)}`
  return (await listObjects(bed, `/api/v1/namespaces/${namespace}/pods?${query}`)).map(readPod)
}

function readPod(pod: Fields): Pod {
  const conditions = list(at(pod, 'status.conditions'))
  return {
    name: textAt(pod, 'metadata.name'),
    uid: textAt(pod, 'metadata.uid'),
    node: textAt(pod, 'spec.nodeName'),
    addresses: list(at(pod, 'status.podIPs')).map((address) => textAt(address, 'ip')),
    isReady: conditions.some((one) => at(one, 'type') === 'Ready' && at(one, 'status') === 'True'),
    isTerminating: at(pod, 'metadata.deletionTimestamp') !== undefined,
    restarts: Number(at(pod, 'status.containerStatuses.0.restartCount') ?? 0),
  }
}

function textAt(value: unknown, path: string): string {
  const found = at(value, path)
  return typeof found === 'string' ? found : ''
}
