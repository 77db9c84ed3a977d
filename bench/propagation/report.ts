/** What the probe is told, one line of JSON each. */
export type ProbeCommand =
  | {
      /** Make this change, and ask for the host over each connection until it is served. */
      readonly kind: 'change'
      readonly id: number
      /** A merge patch of this object. */
      readonly path: string
      readonly patch: object
      readonly host: string
      /** The pod that is to answer; any where it is left out. */
      readonly pod?: string
    }
  | {
      /** Watch a collection of the API server: what a watch costs without anything behind it. */
      readonly kind: 'watch'
      /** With its query. */
      readonly path: string
    }

/** What it tells. All times are of its own monotonic clock, in milliseconds. */
export type ProbeLine =
  | { readonly kind: 'ready' }
  | { readonly kind: 'changed'; readonly change: Change }
  | { readonly kind: 'event'; readonly resourceVersion: string; readonly at: number }

export type Change = {
  readonly id: number
  readonly resourceVersion: string
  /** When the API server's answer was there. */
  readonly acknowledgedAt: number
  /** When the first connection was served the change, and the last: each worker has a table of its own. */
  readonly firstAt: number
  readonly lastAt: number
}

export type ProbeOptions = {
  readonly address: string
  readonly port: number
  readonly connections: number
  readonly api: { readonly url: string; readonly ca: string; readonly token: string }
}
