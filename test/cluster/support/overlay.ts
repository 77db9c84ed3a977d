import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { manifestsFolder } from '../../manifests/kustomize.ts'
import { admitted } from './admitted.ts'
import type { Bed } from './bed.ts'

export type OverlayOptions = {
  /** Folder below manifests/: `base`, `overlays/nodeport`. */
  readonly folder: string
  /** Folders below manifests/components. */
  readonly components?: readonly string[]
  readonly patches?: readonly Patch[]
}

/** Operations of JSON Patch (RFC 6902) on the objects of a kind, or on the one with this name. */
export type Patch = { readonly kind: string; readonly name?: string; readonly operations: readonly PatchOperation[] }

type PatchOperation = {
  readonly op: 'add' | 'replace' | 'remove' | 'test'
  readonly path: string
  readonly value?: unknown
}

/**
 * `kubectl apply -k`, with an overlay of our own above the one that is shipped, as manifests/README.md tells its readers to do.
 * All of them go to the namespace headgate: one at a time.
 */
export async function applyOverlay(bed: Bed, options: OverlayOptions): Promise<void> {
  await withFolder(options, (folder) => admitted(() => bed.kubectl(['apply', '-k', folder])))
}

/** The way in and the pods, so that the next overlay starts from nothing; what all overlays have in common stays. */
export async function removePods(bed: Bed): Promise<void> {
  const kinds = 'deployment,daemonset,service,poddisruptionbudget'
  await bed.kubectl(['delete', kinds, '-n', 'headgate', '--all', '--cascade=foreground', '--timeout=60s'])
}

/** First the pods: rights that are taken from them while they run would be refused requests (audit-log.ts). */
export async function removeOverlay(bed: Bed, options: OverlayOptions): Promise<void> {
  await removePods(bed)
  await withFolder(options, (folder) => bed.kubectl(['delete', '-k', folder, '--ignore-not-found', '--timeout=90s']))
}

export async function rolledOut(bed: Bed): Promise<void> {
  const workloads = (await bed.kubectl(['get', 'deployment,daemonset', '-n', 'headgate', '-o', 'name'])).trim()
  await bed.kubectl(['rollout', 'status', workloads, '-n', 'headgate', '--timeout=60s'])
}

async function withFolder(options: OverlayOptions, use: (folder: string) => Promise<unknown>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-overlay-'))
  try {
    // JSON is YAML.
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization(folder, options)))
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function kustomization(folder: string, { folder: overlay, components = [], patches = [] }: OverlayOptions): object {
  // kustomize refuses absolute paths.
  const path = (...parts: string[]) => relative(folder, join(manifestsFolder, ...parts))
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [path(overlay)],
    components: components.map((name) => path('components', name)),
    patches: [...quick, ...patches].map(({ kind, name, operations }) => ({
      target: { kind, ...(kind === 'Service' ? { name: 'headgate' } : {}), ...(name === undefined ? {} : { name }) },
      patch: JSON.stringify(operations),
    })),
  }
}

const container = '/spec/template/spec/containers/0'

/** Pods that end at once when nothing is under way, and fit several times on a small machine. */
const quick: readonly Patch[] = ['Deployment', 'DaemonSet'].map((kind) => ({
  kind,
  operations: [
    ...replaceArgument(7, '--lame-duck-seconds=10', '--lame-duck-seconds=0'),
    ...replaceArgument(8, '--drain-seconds=240', '--drain-seconds=5'),
    { op: 'replace', path: '/spec/template/spec/terminationGracePeriodSeconds', value: 10 },
    { op: 'replace', path: `${container}/readinessProbe/periodSeconds`, value: 1 },
    { op: 'replace', path: `${container}/resources/requests`, value: { cpu: '50m', memory: '64Mi' } },
  ],
}))

function replaceArgument(index: number, from: string, to: string): readonly PatchOperation[] {
  const path = `${container}/args/${index}`
  return [
    { op: 'test', path, value: from },
    { op: 'replace', path, value: to },
  ]
}
