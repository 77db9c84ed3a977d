import { join } from 'node:path'
import { inNamespace } from './network.ts'
import { kubeconfigOf, type Place, placeOf } from './place.ts'
import type { BedState } from './state.ts'

/** The arguments that run kubectl as cluster admin. */
export function kubectlCommand(place: Place, args: readonly string[]): [string, ...string[]] {
  const own = [`--kubeconfig=${kubeconfigOf(place, 'admin')}`, `--cache-dir=${join(place.folder, 'kubectl')}`]
  return inNamespace(place.layout.name, 'cp', join(place.programs, 'kubernetes'), 'kubectl', ...own, ...args)
}

/** Of our own bed, or of a cluster that was there before: then that of the user. */
export function kubectlOf(state: BedState, args: readonly string[]): [string, ...string[]] {
  if (state.kubeconfig !== undefined) return ['kubectl', `--kubeconfig=${state.kubeconfig}`, ...args]
  return kubectlCommand(placeOf(state), args)
}

/** For functions that take a command and its arguments apart. */
export function split([command, ...args]: [string, ...string[]]): [string, string[]] {
  return [command, args]
}
