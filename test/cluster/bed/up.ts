import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Family } from '../support/bed.ts'
import { type AddOn, applyAddOn, buildAddOn, importEverywhere, waitForAddOn } from './add-ons.ts'
import { type Api, isReady, openApi } from './api.ts'
import { build, programsUnit } from './build.ts'
import { makeCertificates } from './certificates.ts'
import { startApiSocket, startControlPlaneProgram, writeControlPlaneFiles } from './control-plane.ts'
import { imageArchive } from './images.ts'
import { layNetwork } from './network.ts'
import { prepareNode, startNode } from './node.ts'
import { type Place, placeOf } from './place.ts'
import { connectPods } from './pod-network.ts'
import { logTail } from './processes.ts'
import type { Progress } from './progress.ts'
import { MissingRequirement, missingWatchers } from './requirements.ts'
import { until } from './run.ts'
import { type BedState, bedFolder, readState, writeState } from './state.ts'
import { tearDown } from './teardown.ts'

export type BedOptions = {
  readonly name: string
  readonly family: Family
  readonly nodeCount: number
  readonly addOns: readonly AddOn[]
}

/** From nothing to nodes that take pods. What is there of an earlier start that failed is cleared away first. */
export async function up(options: BedOptions, progress: Progress): Promise<void> {
  const { name, family, nodeCount, addOns } = options
  if (readState(name)?.phase === 'up') throw new Error(`bed ${name} is up already`)
  const missing = missingWatchers(nodeCount)
  if (missing !== undefined) throw new MissingRequirement(missing)
  const programs = await build(programsUnit, progress)
  const archives = [imageArchive(programs, 'pause')]
  for (const addOn of addOns) archives.push(...(await buildAddOn(addOn, progress)))
  if (existsSync(bedFolder(name))) await progress.step('cleared an earlier start', () => tearDown(name))
  const state: BedState = { name, family, nodeCount, phase: 'starting', programs }
  await writeState(state)
  const place = placeOf(state)
  await progress.step('network and certificates', () =>
    Promise.all([layNetwork(place.layout), makeCertificates(place.layout, join(place.folder, 'certificates'))]),
  )
  const api = openApi(place.folder)
  try {
    await Promise.all([
      progress.step('control plane ready', () => startControlPlane(place, api)),
      progress.step('containerd ready, images loaded', () => prepareNodes(place, archives)),
    ])
    await Promise.all(place.layout.nodes.map((node) => startNode(place, node)))
    await progress.step('nodes registered', () => connectPods(place, api))
    await Promise.all(addOns.map((addOn) => applyAddOn(place, addOn)))
    await progress.step('nodes ready', () => waitForCluster(place, api))
    for (const addOn of addOns) {
      if (addOn.workloads.length === 0) continue
      await progress.step(`${addOn.unit.name} ready`, () => waitForAddOn(place, addOn))
    }
  } finally {
    await api.close()
  }
  await writeState({ ...state, phase: 'up' })
}

async function startControlPlane(place: Place, api: Api): Promise<void> {
  writeControlPlaneFiles(place.folder)
  await startControlPlaneProgram(place, 'etcd')
  await Promise.all([startControlPlaneProgram(place, 'kube-apiserver'), startApiSocket(place)])
  await waitForApi(place, api)
  // Earlier the controller manager ends: the roles it needs are not there yet.
  await Promise.all([
    startControlPlaneProgram(place, 'kube-controller-manager'),
    startControlPlaneProgram(place, 'kube-scheduler'),
  ])
}

export async function waitForApi(place: Place, api: Api, seconds = 60): Promise<void> {
  await until(
    seconds,
    () => `the API server is not ready: ${logTail(place.folder, 'kube-apiserver')}`,
    () => isReady(api),
  )
}

async function prepareNodes(place: Place, archives: readonly string[]): Promise<void> {
  await Promise.all(place.layout.nodes.map((node) => prepareNode(place, node)))
  await importEverywhere(place, archives)
}

async function waitForCluster(place: Place, api: Api): Promise<void> {
  for (const node of place.layout.nodes) {
    await until(
      60,
      () => `${node.name} is not ready: ${logTail(place.folder, `${node.name}-kubelet`)}`,
      async () => {
        const { body } = await api.request('GET', `/api/v1/nodes/${node.name}`)
        const { status } = body as { status?: { conditions?: readonly { type: string; status: string }[] } }
        return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True')
      },
    )
  }
  // Without it no pod is admitted.
  await until(
    30,
    () => 'no default service account',
    async () => {
      const { status } = await api.request('GET', '/api/v1/namespaces/default/serviceaccounts/default')
      return status === 200
    },
  )
}
