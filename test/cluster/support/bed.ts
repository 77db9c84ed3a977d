import type { ChildProcess } from 'node:child_process'

export type Family = 'ipv4' | 'ipv6' | 'dual'

/** Programs of the control plane, each a process of its own. */
export type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string }

export type ApiAnswer = { readonly status: number; readonly body: unknown }

export type BedNode = {
  /** n1, n2, ... */
  readonly name: string
  readonly ipv4?: string
  readonly ipv6?: string
}

/** A running test cluster, as the tests see it. Nothing here polls: what has to be waited for, `kubectl wait` waits for. */
export type Bed = {
  readonly name: string
  readonly family: Family
  readonly nodes: readonly BedNode[]
  /** The client outside: not a node, on the same network. */
  readonly client: { readonly ipv4?: string; readonly ipv6?: string }

  /** Standard output of kubectl as cluster admin; throws with standard error where it fails. */
  kubectl(args: readonly string[], options?: { readonly input?: string }): Promise<string>
  /** `kubectl apply --server-side -f -`. */
  apply(manifests: string): Promise<void>
  /** The API server as cluster admin, without a process for each call. `body` is sent as JSON; PATCH as a merge patch. */
  api(method: string, path: string, body?: unknown): Promise<ApiAnswer>

  /** Runs a program to its end in the network of the client outside. */
  runAsClient(command: string, args: readonly string[]): Promise<Finished>
  /** Starts one there; the caller ends it. */
  spawnAsClient(command: string, args: readonly string[]): ChildProcess
  /** Runs a program in the network of a node. */
  runOnNode(node: string, command: string, args: readonly string[]): Promise<Finished>

  /** Nothing reaches the node or leaves it any more, as if its cable were pulled: packets are dropped, nobody is told. */
  cutOff(node: string): Promise<void>
  rejoin(node: string): Promise<void>

  /** `signal`: SIGTERM by default. */
  stopControlPlane(program: ControlPlaneProgram, signal?: NodeJS.Signals): Promise<void>
  startControlPlane(program: ControlPlaneProgram): Promise<void>
  /** A second API server on another address of the control plane, with the same etcd behind it. */
  startSecondApiServer(): Promise<{ readonly address: string; stop(): Promise<void> }>
  /** What is older than now is gone: watches from before get 410. */
  compactEtcd(): Promise<void>

  /** OCI archives (npm run image) into the image store of every node. */
  loadImage(archive: string): Promise<void>
  /** JSON lines of the API server's audit log: requests of service accounts in the namespace headgate, level Metadata. */
  readonly auditLog: string
}
