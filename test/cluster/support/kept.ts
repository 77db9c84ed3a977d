import type { Pod } from './objects.ts'
import type { Answered, Attempt, Probe } from './probe.ts'

/** The node that each kept connection leads to: that of the Headgate pod which the application saw. */
export async function nodesOfKept(
  probe: Probe,
  target: string,
  count: number,
  pods: readonly Pod[],
): Promise<ReadonlyMap<number, string>> {
  const nodes = new Map<number, string>()
  for (let connection = 0; connection < count; connection++) {
    const { seen } = await probe.first(0, isAnswerOn(target, connection))
    const pod = pods.find(({ addresses }) => addresses.includes(seen?.peer ?? ''))
    nodes.set(connection, pod?.node ?? 'unknown')
  }
  return nodes
}

/** Kept connections that broke, among those that lead to the node. */
export function broken(
  probe: Probe,
  target: string,
  nodes: ReadonlyMap<number, string>,
  node: string,
): readonly number[] {
  const failed = probe.attempts.filter((one) => one.target === target && one.error !== undefined)
  return failed.map(({ connection }) => connection).filter((connection) => nodes.get(connection) === node)
}

function isAnswerOn(target: string, connection: number): (attempt: Attempt) => attempt is Answered {
  return (one): one is Answered => one.target === target && one.connection === connection && one.seen !== undefined
}
