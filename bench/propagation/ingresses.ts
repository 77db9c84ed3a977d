import type { Bed } from '../../test/cluster/support/bed.ts'
import { inParallel } from '../../test/cluster/support/in-parallel.ts'
import { numberedIngress } from '../../test/cluster/support/many-ingresses.ts'

export const namespaceCount = 10

export function namespaceName(index: number): string {
  return `scale-${index % namespaceCount}`
}

/** Those from one number to another, that one left out, in several namespaces. */
export async function createIngresses(bed: Bed, from: number, to: number, ingressClass: string): Promise<void> {
  const numbers = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
  await inParallel(numbers, async (index) => {
    const namespace = namespaceName(index)
    const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`
    const { status, body } = await bed.api(
      'POST',
      path,
      numberedIngress(index, { namespace, ingressClass, service: 'app' }),
    )
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`)
  })
}
