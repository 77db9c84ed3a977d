import type { Problem } from '../problem.ts'
import { type ClusterObject, keyOf } from './objects.ts'
import type { Manifest } from './parse-manifest.ts'

type Merged = { readonly objects: readonly ClusterObject[]; readonly problems: readonly Problem[] }

/** The objects of all files, in their order; of an object that comes twice, the first. */
export function mergeManifests(manifests: Iterable<readonly [file: string, manifest: Manifest]>): Merged {
  const objects = new Map<string, { readonly object: ClusterObject; readonly file: string }>()
  const problems: Problem[] = []
  for (const [file, manifest] of manifests) {
    problems.push(...manifest.problems)
    for (const object of manifest.objects) {
      const id = `${object.kind} ${keyOf(object)}`
      const first = objects.get(id)
      if (first === undefined) objects.set(id, { object, file })
      else problems.push(duplicate(object, first.file, file))
    }
  }
  return { objects: [...objects.values()].map(({ object }) => object), problems }
}

function duplicate({ kind, metadata }: ClusterObject, first: string, second: string): Problem {
  return {
    object: { kind, namespace: metadata.namespace ?? '', name: metadata.name },
    field: 'metadata.name',
    reason: 'BadManifest',
    message: first === second ? `it is written twice in ${first}` : `it is written in ${first} and again in ${second}`,
    instead: `the first one in ${first} is used`,
  }
}
