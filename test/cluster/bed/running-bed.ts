import { spawn } from 'node:child_process'
import type { Bed } from '../support/bed.ts'
import { openApi } from './api.ts'
import {
  auditLog,
  type Place,
  secondApiServerName,
  startApiServerAt,
  startControlPlaneProgram,
} from './control-plane.ts'
import { compact } from './etcd.ts'
import { kubectlCommand, split } from './kubectl.ts'
import { addressList, apiPort, firstAddress, type Layout, urlHost } from './layout.ts'
import { inNamespace, ipBatch, setPort } from './network.ts'
import { importImage, nodeByName } from './node.ts'
import { stopProcess } from './processes.ts'
import { finish, run, until } from './run.ts'
import { type BedState, readState } from './state.ts'
import { placeOf, waitForApi } from './up.ts'

/** The bed of this name, which `up` has started. */
export function openBed(name: string): Bed {
  const state = readState(name)
  if (state?.phase !== 'up') throw new Error(`bed ${name} is not up`)
  return state.kubeconfig === undefined ? bedOf(placeOf(state)) : foreignBed(state, state.kubeconfig)
}

function bedOf(place: Place): Bed {
  const { layout, folder } = place
  const api = openApi(folder)
  const inClient = (command: string, args: readonly string[]) => inNamespace(layout.name, 'client', command, ...args)
  return {
    name: layout.name,
    family: layout.family,
    nodes: layout.nodes,
    client: layout.client,
    auditLog: auditLog(folder),
    kubectl: (args, options) => run(...split(kubectlCommand(place, args)), options),
    apply: (manifests) => applyWith((args, options) => run(...split(kubectlCommand(place, args)), options), manifests),
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
      if (program === 'kube-apiserver') await waitForApi(place, api)
    },
    startSecondApiServer: () => startSecondApiServer(place),
    compactEtcd: () => compact(layout.name),
    async loadImage(archive) {
      await Promise.all(layout.nodes.map((node) => importImage(place, node.name, archive)))
    },
  }
}

type Kubectl = Bed['kubectl']

async function applyWith(kubectl: Kubectl, manifests: string): Promise<void> {
  await kubectl(['apply', '--server-side', '--filename=-'], { input: manifests })
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

/** A cluster that was there before: what needs our network or our nodes says so. */
function foreignBed(state: BedState, kubeconfig: string): Bed {
  const api = openApi(placeOf(state).folder)
  const kubectl: Kubectl = (args, options) => run('kubectl', [`--kubeconfig=${kubeconfig}`, ...args], options)
  const refuse = (what: string) => (): never => {
    throw new Error(`${what} needs a bed of our own; this is the cluster of ${kubeconfig}`)
  }
  return {
    name: state.name,
    family: state.family,
    nodes: [],
    client: {},
    auditLog: '/dev/null',
    kubectl,
    apply: (manifests) => applyWith(kubectl, manifests),
    api: api.request,
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
