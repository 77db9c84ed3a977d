import { join } from 'node:path'
import { type Layout, layoutOf } from './layout.ts'
import { type BedState, bedFolder } from './state.ts'

/** Where a bed keeps its files, and its programs. */
export type Place = { readonly layout: Layout; readonly folder: string; readonly programs: string }

export function placeOf(state: BedState): Place {
  const layout = layoutOf(state.name, state.family, state.nodeCount)
  return { layout, folder: bedFolder(state.name), programs: state.programs }
}

export function kubeconfigOf(place: Pick<Place, 'folder'>, user: string): string {
  return join(place.folder, 'certificates', `${user}.kubeconfig`)
}
