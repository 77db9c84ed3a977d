import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiClient, createApiClient } from '../../src/watch/api-client.ts'
import type { ReflectorTiming } from '../../src/watch/reflector.ts'
import { ApiServer, type ApiServerOptions } from '../support/api-server.ts'

export const fastTiming: ReflectorTiming = {
  pageSize: 3,
  minBackoffMs: 5,
  maxBackoffMs: 40,
  steadyMs: 1_000,
  stallMs: 5_000,
  minWatchSeconds: 60,
  maxWatchSeconds: 90,
  random: Math.random,
}

export type TestCluster = {
  readonly server: ApiServer
  readonly client: ApiClient
  /** For files of the test. */
  readonly folder: string
  stop(): Promise<void>
}

export async function startCluster(options: ApiServerOptions = {}): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-api-'))
  const server = await new ApiServer(options).listen()
  const client = createApiClient({ kubeconfig: await server.writeKubeconfig(join(folder, 'config')) })
  return {
    server,
    client,
    folder,
    stop: async () => {
      await client.close()
      await server.refuse()
      await rm(folder, { recursive: true })
    },
  }
}
