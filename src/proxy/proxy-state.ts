import type { Logger } from '../log.ts'
import type { RoutingTable } from '../router/table.ts'
import type { AccessLog } from './access-log.ts'
import type { Balancer } from './balancer.ts'
import type { Counters } from './counters.ts'
import type { EndpointHealth } from './endpoint-health.ts'
import type { ProxyOptions } from './proxy-options.ts'
import type { RetryBudget } from './retry.ts'
import type { SilenceWatch } from './silence-watch.ts'
import type { IdentityRules } from './trusted-peers.ts'
import type { UpstreamPool } from './upstream-pool.ts'

/** What every request of this process shares. The table is replaced by one assignment; a request reads it once. */
export type ProxyState = {
  table: RoutingTable
  /** Of the table's settings; another object when they have changed. */
  identityRules: IdentityRules
  /** Set when the process is asked to end: every answer then asks the client to open its next connection elsewhere. */
  draining: boolean
  readonly options: ProxyOptions
  /** undefined: none is written. */
  readonly accessLog: AccessLog | undefined
  readonly pool: UpstreamPool
  readonly balancer: Balancer
  readonly health: EndpointHealth
  readonly silence: SilenceWatch
  readonly retryBudget: RetryBudget
  readonly counters: Counters
  readonly log: Logger
}
