import { buildAddOn, metallb } from '../bed/add-ons.ts'
import { layoutOf } from '../bed/layout.ts'
import { terminalProgress } from '../bed/progress.ts'
import type { Bed } from './bed.ts'

/** MetalLB's own manifest, unmodified, with images that are built here. See test/cluster/metallb/README.md. */
export async function installMetallb(bed: Bed): Promise<{ remove(): Promise<void> }> {
  for (const archive of await buildAddOn(metallb, terminalProgress())) await bed.loadImage(archive)
  const manifest = await metallb.manifests(layoutOf(bed.name, bed.family, bed.nodes.length))
  await bed.apply(manifest)
  for (const { namespace, name } of metallb.workloads) {
    await bed.kubectl(['rollout', 'status', '-n', namespace, name, '--timeout=90s'])
  }
  return {
    async remove() {
      await bed.kubectl(['delete', '-f', '-', '--ignore-not-found', '--timeout=90s'], { input: manifest })
    },
  }
}
