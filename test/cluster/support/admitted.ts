import { until } from './until.ts'

/**
 * The work, again while a webhook is not there: a controller may be ready before its webhooks are, and on a node that was away they come
 * back a moment after the node.
 */
export async function admitted(work: () => Promise<unknown>): Promise<void> {
  await until('the webhooks answer', () =>
    work().then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.message.includes('failed calling webhook')) return false
        throw error
      },
    ),
  )
}
