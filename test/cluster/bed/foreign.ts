import { existsSync } from 'node:fs'
import type { Bed } from '../support/bed.ts'
import { openApi } from './api.ts'
import { apiSocket } from './control-plane.ts'
import { startProcess } from './processes.ts'
import { until } from './run.ts'
import { type BedState, bedFolder, readState, writeState } from './state.ts'

export type Kubectl = Bed['kubectl']

/** Makes a bed of a cluster that was there before. Nothing is made in it; `down` ends the one process it costs. */
export async function adopt(name: string, kubeconfig: string): Promise<void> {
  if (readState(name) !== undefined) throw new Error(`there is a bed ${name} already`)
  if (!existsSync(kubeconfig)) throw new Error(`there is no file ${kubeconfig}`)
  const state: BedState = { name, family: 'ipv4', nodeCount: 0, phase: 'starting', programs: '', kubeconfig }
  await writeState(state)
  const socket = apiSocket(bedFolder(name))
  const flags = ['proxy', `--unix-socket=${socket}`, `--kubeconfig=${kubeconfig}`, '--reject-paths=^$']
  await startProcess(bedFolder(name), 'api-socket', ['kubectl', ...flags])
  await until(
    10,
    () => 'kubectl proxy does not start',
    () => existsSync(socket),
  )
  await writeState({ ...state, phase: 'up' })
}

/** What needs our network or our nodes says so; `onAnyCluster` in the name keeps a test away from it. */
export function foreignBed(state: BedState, kubectl: Kubectl): Bed {
  const refuse = (what: string) => (): never => {
    throw new Error(`${what} needs a bed of our own; this is the cluster of ${state.kubeconfig}`)
  }
  return {
    name: state.name,
    family: state.family,
    nodes: [],
    client: {},
    auditLog: '/dev/null',
    kubectl,
    apply: (manifests) => applyWith(kubectl, manifests),
    api: openApi(bedFolder(state.name)).request,
    runAsClient: refuse('a client outside'),
    spawnAsClient: refuse('a client outside'),
    runOnNode: refuse('running a program on a node'),
    cutOff: refuse('cutting off a node'),
    rejoin: refuse('cutting off a node'),
    stopControlPlane: refuse('stopping the control plane'),
    startControlPlane: refuse('starting the control plane'),
    startSecondApiServer: refuse('a second API server'),
    compactEtcd: refuse('compacting etcd'),
    // The images are there already, or come from a registry.
    loadImage: async () => {},
  }
}

export async function applyWith(kubectl: Kubectl, manifests: string): Promise<void> {
  await kubectl(['apply', '--server-side', '--filename=-'], { input: manifests })
}
