import type { Bed } from './bed.ts'
import { listPods, type Pod, patchObject } from './objects.ts'
import { until } from './until.ts'

/** A Deployment of backends in the cluster, found by its label `app`. */
export type Workload = { readonly namespace: string; readonly name: string }

export function podsOf(bed: Bed, { namespace, name }: Workload): Promise<readonly Pod[]> {
  return listPods(bed, namespace, `app=${name}`)
}

/** Resolves when there are that many pods, all of them ready, and none that is ending any more. */
export function settled(bed: Bed, workload: Workload, count: number): Promise<readonly Pod[]> {
  return until(`${count} pods of ${workload.name}, ready`, async () => {
    const pods = await podsOf(bed, workload)
    return pods.length === count && pods.every(({ isReady, isTerminating }) => isReady && !isTerminating) && pods
  })
}

export async function scale(bed: Bed, { namespace, name }: Workload, replicas: number): Promise<void> {
  await patchObject(bed, `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/scale`, { spec: { replicas } })
}

/** Waits until every pod is the newest one, and those before are gone. */
export async function rolledOut(bed: Bed, workload: Workload, count: number): Promise<void> {
  const { namespace, name } = workload
  await bed.kubectl(['rollout', 'status', `deployment/${name}`, '-n', namespace, '--timeout=60s'])
  await settled(bed, workload, count)
}

/** What its readiness probe hears from now on. */
export async function setReady(bed: Bed, { namespace }: Workload, pod: Pod, value: boolean): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.name}:8080/proxy/ready?value=${value}`
  const { status, body } = await bed.api('POST', path)
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
}

/** SIGKILL from outside, as the kernel sends it when memory is short: the pod has no say. */
export async function killContainer(bed: Bed, pod: Pod, program: string): Promise<void> {
  const script = `
    for file in $(grep -ls 'pod${pod.uid}' /proc/[0-9]*/cgroup); do
      process=$(dirname "$file")
      if [ "$(basename "$(readlink "$process/exe")")" = ${program} ]; then kill -9 "$(basename "$process")" && echo killed; fi
    done`
  const { stdout, stderr } = await bed.runOnNode(pod.node, 'sh', ['-c', script])
  if (!stdout.includes('killed')) throw new Error(`no ${program} was found in pod ${pod.name}: ${stderr}`)
}
