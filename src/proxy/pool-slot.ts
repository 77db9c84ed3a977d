import type { UpstreamConnection } from './upstream-connection.ts'

/** What the pool keeps of one endpoint. Its connections point here, so that none has to be looked for. */
export type PoolSlot = {
  /** The one used last at the end: it is the one least likely to be closed by the other side. */
  readonly idle: UpstreamConnection[]
  /** False: the endpoint has left the table. */
  isLive: boolean
}
