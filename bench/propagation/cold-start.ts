import type { Bed } from '../../test/cluster/support/bed.ts'
import { until } from '../../test/cluster/support/until.ts'
import { type ContainerProcess, processesOfPod } from './processes.ts'
import type { World } from './world.ts'

export type ColdStart = {
  /** From the start of the process to the line that says that all listeners are open, and so to 200 for /readyz. */
  readonly readySeconds: number
  readonly processes: readonly ContainerProcess[]
}

/** Takes the only pod away and looks at the next one. */
export async function measureColdStart(bed: Bed, { headgate }: World): Promise<ColdStart> {
  const { namespace } = headgate
  await bed.kubectl(['delete', 'pod', '-n', namespace, '-l', 'app.kubernetes.io/name=headgate', '--grace-period=2'])
  await headgate.rolledOut()
  const pod = (await headgate.pods()).find(({ isTerminating, isReady }) => isReady && !isTerminating)
  if (pod === undefined) throw new Error('there is no pod that is ready')
  const readyAt = await until('the container says that it is ready', async () => {
    const log = await bed.kubectl(['logs', '-n', namespace, pod.name, '--timestamps'])
    return /^(\S+) headgate ready /m.exec(log)?.[1]
  })
  const processes = processesOfPod(pod.uid)
  const [primary] = processes
  if (primary === undefined) throw new Error(`the processes of ${pod.name} run on another machine`)
  return { readySeconds: (Date.parse(readyAt) - primary.startedAt) / 1000, processes }
}
