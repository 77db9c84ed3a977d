import { ClusterFeedback } from './cluster-feedback.ts'
import type { Config } from './config.ts'
import type { Logger } from './log.ts'
import type { Problem } from './problem.ts'
import type { Build } from './router/build.ts'
import type { SecretFinder } from './router/wanted-secrets.ts'
import { createApiClient } from './watch/api-client.ts'
import { ClusterSource } from './watch/cluster-source.ts'
import type { ClusterState } from './watch/cluster-state.ts'
import { FolderSource } from './watch/folder-source.ts'
import type { Source, SourceEvents } from './watch/source.ts'

/** Where the objects come from, and what is told there in return. */
export type ObjectSource = Source & {
  /** After every build: addresses and problems go back to the objects, where they are those of a cluster. */
  onBuild(build: Build, problems: readonly Problem[], state: ClusterState): void
}

/** @throws KubeconfigError where there is no usable kubeconfig. */
export function openObjectSource(
  config: Config,
  findSecrets: SecretFinder,
  log: Logger,
  events: SourceEvents,
): ObjectSource {
  const { source } = config
  return source.kind === 'manifests'
    ? openFolder(source.paths, log, events)
    : openCluster(source.kubeconfig, config, findSecrets, log, events)
}

function openFolder(paths: readonly string[], log: Logger, events: SourceEvents): ObjectSource {
  const folder = new FolderSource({ paths, logger: log, events })
  return {
    start: (signal) => folder.start(signal),
    connection: () => folder.connection(),
    onBuild: () => {},
  }
}

function openCluster(
  kubeconfig: string | undefined,
  config: Config,
  findSecrets: SecretFinder,
  log: Logger,
  events: SourceEvents,
): ObjectSource {
  const client = createApiClient({ kubeconfig })
  const backend = config.defaultBackendService
  const cluster = new ClusterSource({
    client,
    events,
    logger: log,
    watchNamespaces: config.watchNamespaces,
    watchesNamespaceObjects: config.watchNamespaceSelector !== undefined,
    secrets:
      config.secrets === 'watch'
        ? { kind: 'watch' }
        : { kind: 'by-name', refreshMs: config.secretRefreshSeconds * 1000 },
    findSecrets,
    configMaps: present(config.configMap),
    services: present(config.publishService),
    backends: [
      ...(backend ? [`${backend.namespace}/${backend.name}`] : []),
      // Its endpoints tell on which nodes our pods are.
      ...(config.publishNodeAddresses === 'off' ? [] : present(config.publishService)),
    ],
  })
  const feedback = new ClusterFeedback({ client, config, log })
  return {
    async start(signal) {
      await Promise.all([cluster.start(signal), feedback.start(signal)])
      await client.close()
    },
    connection: () => cluster.connection(),
    onBuild: (build, problems, state) => feedback.onBuild(build, problems, state),
  }
}

function present<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value]
}
