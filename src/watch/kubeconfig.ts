import { KubeConfig } from '@kubernetes/client-node'
import { KubeconfigError } from './kubeconfig-error.ts'

/**
 * How to reach the cluster.
 * @param file undefined: KUBECONFIG, ~/.kube/config or the service account.
 * @throws KubeconfigError, with one line that says which file and why.
 */
export function loadKubeconfig(file: string | undefined): KubeConfig {
  const config = new KubeConfig()
  const origin = file ?? (process.env['KUBECONFIG'] || 'the kubeconfig')
  try {
    if (file === undefined) config.loadFromDefault()
    else config.loadFromFile(file)
    checkCluster(config, file)
  } catch (error) {
    if (error instanceof KubeconfigError) throw error
    throw new KubeconfigError(`${origin} cannot be used: ${firstLine(error)}`, { cause: error })
  }
  return config
}

/** What the library finds out only with the first call. */
function checkCluster(config: KubeConfig, file: string | undefined): void {
  const cluster = config.getCurrentCluster()
  if (cluster === null) {
    throw new Error(`its current-context "${config.getCurrentContext() ?? ''}" leads to no cluster`)
  }
  if (file === undefined && isLastResort(cluster)) {
    throw new KubeconfigError(
      'there is no KUBECONFIG, no ~/.kube/config and no service account; name a file with --kubeconfig, or a folder of YAML with --manifests',
    )
  }
  if (!/^https?:$/.test(new URL(cluster.server).protocol)) throw new Error(`its server ${cluster.server} is no URL`)
  const { type } = config.createDispatcherOptions(cluster, {})
  if (type === 'socks') throw new Error('a SOCKS proxy is not supported')
}

/** Where the library goes when it finds nothing. */
function isLastResort({ name, server }: { readonly name: string; readonly server: string }): boolean {
  return name === 'cluster' && server === 'http://localhost:8080'
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? ''
}
