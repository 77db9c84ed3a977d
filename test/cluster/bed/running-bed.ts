import { spawn } from 'node:child_process'
import type { Bed } from '../support/bed.ts'
import { openApi } from './api.ts'
import { auditLog, secondApiServerName, startApiServerAt, startControlPlaneProgram } from './control-plane.ts'
import { compact } from './etcd.ts'
import { applyWith, foreignBed, type Kubectl } from './foreign.ts'
import { kubectlCommand, kubectlOf, split } from './kubectl.ts'
import { addressList, apiPort, firstAddress, type Layout, urlHost } from './layout.ts'
import { inNamespace, ipBatch, setPort } from './network.ts'
import { importImage, nodeByName } from './node.ts'
import { type Place, placeOf } from './place.ts'
import { readRecord, stopProcess } from './processes.ts'
import { finish, run, until } from './run.ts'
import { readState } from './state.ts'
import { waitForApi } from './up.ts'

/** The bed of this name, which `up` has started. */
export function openBed(name: string): Bed {
  const state = readState(name)
  if (state?.phase !== 'up') throw new Error(`bed ${name} is not up`)
  const kubectl: Kubectl = (args, options) => run(...split(kubectlOf(state, args)), options)
  return state.kubeconfig === undefined ? bedOf(placeOf(state), kubectl) : foreignBed(state, kubectl)
}

function bedOf(place: Place, kubectl: Kubectl): Bed {
  const { layout, folder } = place
  const api = openApi(folder)
  const inClient = (command: string, args: readonly string[]) => inNamespace(layout.name, 'client', command, ...args)
  return {
    name: layout.name,
    family: layout.family,
    nodes: layout.nodes,
    client: layout.client,
    auditLog: auditLog(folder),
    kubectl,
    apply: (manifests) => applyWith(kubectl, manifests),
    api: api.request,
    runAsClient: (command, args) => finish(...split(inClient(command, args))),
    spawnAsClient: (command, args) => spawn(...split(inClient(command, args))),
    async runOnNode(node, command, args) {
      return finish(...split(inNamespace(layout.name, nodeByName(layout, node).name, command, ...args)))
    },
    cutOff: (node) => setPort(layout.name, nodeByName(layout, node).name, 'disabled'),
    rejoin: (node) => setPort(layout.name, nodeByName(layout, node).name, 'forwarding'),
    stopControlPlane: (program, signal = 'SIGTERM') => stopProcess(folder, program, signal),
    async startControlPlane(program) {
      await startControlPlaneProgram(place, program)
      const isServed = program === 'etcd' && readRecord(folder, 'kube-apiserver') !== undefined
      if (program === 'kube-apiserver' || isServed) await waitForApi(place, api)
    },
    startSecondApiServer: () => startSecondApiServer(place),
    compactEtcd: () => compact(layout.name),
    async loadImage(archive) {
      await Promise.all(layout.nodes.map((node) => importImage(place, node.name, archive)))
    },
  }
}

async function startSecondApiServer({ layout, folder, programs }: Place) {
  const place = { layout, folder, programs }
  const addresses = layout.secondApiServer
  const address = firstAddress(addresses)
  await changeAddresses(layout, 'replace')
  await startApiServerAt(place, secondApiServerName, addresses)
  const readyz = `https://${urlHost(address)}:${apiPort}/readyz`
  // The first one may be down: it is not asked through the socket.
  await until(
    60,
    () => `${readyz} does not answer`,
    async () => {
      const kubectl = kubectlCommand(place, [`--server=https://${urlHost(address)}:${apiPort}`, 'get', '--raw=/readyz'])
      const { code } = await finish(...split(kubectl))
      return code === 0
    },
  )
  return {
    address,
    async stop() {
      await stopProcess(folder, secondApiServerName, 'SIGTERM')
      await changeAddresses(layout, 'delete')
    },
  }
}

async function changeAddresses(layout: Layout, verb: 'replace' | 'delete'): Promise<void> {
  const addresses = addressList(layout.secondApiServer)
  const commands = addresses.map((one) => `address ${verb} ${one}/${one.includes(':') ? '64' : '24'} dev eth0`)
  await ipBatch(layout.name, layout.apiServer.name, commands)
}
