import { join } from 'node:path'
import { kubeconfigOf, type Place } from './control-plane.ts'
import { inNamespace } from './network.ts'

/** The arguments that run kubectl as cluster admin. */
export function kubectlCommand(place: Place, args: readonly string[]): [string, ...string[]] {
  const own = [`--kubeconfig=${kubeconfigOf(place, 'admin')}`, `--cache-dir=${join(place.folder, 'kubectl')}`]
  return inNamespace(place.layout.name, 'cp', join(place.programs, 'kubernetes'), 'kubectl', ...own, ...args)
}

/** For functions that take a command and its arguments apart. */
export function split([command, ...args]: [string, ...string[]]): [string, string[]] {
  return [command, args]
}
