import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Config } from './config.ts'
import type { Logger } from './log.ts'
import type { Problem } from './problem.ts'
import type { Build } from './router/build.ts'
import type { ApiClient } from './watch/api-client.ts'
import { type ClusterState, emptyClusterState } from './watch/cluster-state.ts'
import { EventRecorder } from './watch/event-recorder.ts'
import { LeaderElection } from './watch/lease.ts'
import { NodeAddresses } from './watch/node-addresses.ts'
import type { Ingress, LoadBalancerAddress, ObjectKey } from './watch/objects.ts'
import { findNodesOf, findServiceAddresses, toPublishedAddresses } from './watch/published-addresses.ts'
import { StatusWriter } from './watch/status-writer.ts'
import { findToldProblems } from './watch/told-problems.ts'

export type ClusterFeedbackOptions = {
  readonly client: ApiClient
  readonly config: Config
  readonly log: Logger
}

/** Milliseconds from a build until its addresses are looked at: with 10,000 Ingresses that takes ten milliseconds. */
const tellMs = 100

/**
 * What the cluster is told in return: our addresses in the status of Ingresses, and an Event for each problem. All replicas see
 * the same objects; the one that holds the Lease speaks for all.
 */
export class ClusterFeedback {
  readonly #options: ClusterFeedbackOptions
  readonly #status: StatusWriter
  readonly #events: EventRecorder
  readonly #nodes: NodeAddresses | undefined
  readonly #election: LeaderElection
  readonly #built = Promise.withResolvers<void>()
  #problems: readonly Problem[] = []
  #untold: () => void = () => {}
  #telling: NodeJS.Timeout | undefined
  #ours: ReadonlyMap<ObjectKey, Ingress> = new Map()
  #state: ClusterState = emptyClusterState

  constructor({ client, config, log }: ClusterFeedbackOptions) {
    this.#options = { client, config, log }
    // Pods on the network of their node share its name, and two leaders with one name would both believe they lead.
    const identity = process.env['POD_NAME'] || `${hostname()}_${randomUUID()}`
    this.#status = new StatusWriter({ client, logger: log })
    this.#events = new EventRecorder({ client, logger: log, identity })
    this.#nodes = this.#openNodes()
    this.#election = new LeaderElection({
      client,
      logger: log,
      namespace: config.electionNamespace ?? client.namespace ?? 'default',
      name: config.electionId,
      identity,
      lead: async (signal) => {
        const writing = config.updateStatus ? [this.#status.start(signal), this.#nodes?.start(signal)] : []
        await Promise.all([this.#events.start(signal), ...writing])
      },
      ...(config.updateStatus &&
        config.updateStatusOnShutdown && { leaveLast: (signal) => this.#status.clear(signal) }),
    })
  }

  #openNodes(): NodeAddresses | undefined {
    const { client, config, log } = this.#options
    const type = config.publishNodeAddresses
    return type === 'off'
      ? undefined
      : new NodeAddresses({ client, logger: log, type, onChange: () => this.#publish() })
  }

  /** A replica that has nothing to tell yet, and perhaps never will, must not keep the Lease from one that has. */
  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#built.resolve(), { once: true })
    await this.#built.promise
    await this.#election.start(signal)
  }

  /** Tells at once what is new about problems; of all else a moment later, as that costs more than the build. */
  onBuild(build: Build, problems: readonly Problem[], state: ClusterState): void {
    const isNews = problems.length !== this.#problems.length || problems.some((one, at) => one !== this.#problems[at])
    this.#problems = problems
    this.#untold = () => {
      clearTimeout(this.#telling)
      this.#telling = undefined
      this.#tell(build, problems, state)
    }
    if (isNews) this.#untold()
    else this.#telling ??= setTimeout(() => this.#untold(), tellMs).unref()
  }

  #tell(build: Build, problems: readonly Problem[], state: ClusterState): void {
    const ours = new Map<ObjectKey, Ingress>()
    for (const key of build.ingresses) {
      const ingress = state.ingresses.get(key)
      if (ingress !== undefined) ours.set(key, ingress)
    }
    const { publishService } = this.#options.config
    if (publishService !== undefined && state.endpointSlices !== this.#state.endpointSlices) {
      this.#nodes?.setNodes(findNodesOf(publishService, state.endpointSlices))
    }
    this.#ours = ours
    this.#state = state
    this.#publish()
    this.#events.record(findToldProblems(problems, ours), state)
    this.#built.resolve()
  }

  #publish(): void {
    const addresses = this.#addresses()
    if (addresses !== undefined) this.#status.setDesired(this.#ours, addresses)
  }

  /** undefined: nobody said where traffic reaches us, so nothing is written. */
  #addresses(): readonly LoadBalancerAddress[] | undefined {
    const { publishService, publishStatusAddresses } = this.#options.config
    if (publishStatusAddresses.length > 0) return toPublishedAddresses(publishStatusAddresses)
    if (this.#nodes !== undefined) {
      const addresses = this.#nodes.get()
      // No ready pod, as when all start anew: what is there stays, as clearing it is asked for by a flag of its own.
      return addresses === undefined || addresses.length === 0 ? undefined : toPublishedAddresses(addresses)
    }
    const service = publishService === undefined ? undefined : this.#state.services.get(publishService)
    return service === undefined ? undefined : findServiceAddresses(service)
  }
}
