/** What a load generator saw in one run. Latencies in milliseconds. */
export type LoadResult = {
  readonly requests: number
  readonly errors: number
  readonly seconds: number
  readonly latency: Latency
}

export type Latency = { readonly p50: number; readonly p99: number; readonly p999: number }

export type Target = {
  readonly port: number
  readonly tls: boolean
  readonly path: string
}

/** Requests one after another on each connection, as fast as they are answered. */
export type ClosedLoop = {
  readonly target: Target
  readonly seconds: number
  readonly connections: number
  readonly cores: string
  readonly threads: number
  /** Asks the server to close, and connects again for each request. */
  readonly connectEachTime?: boolean
  /** POST with a body of so many bytes. */
  readonly uploadBytes?: number
  /** Names in turn for the Host field; else bench.example.com. */
  readonly hosts?: readonly string[]
}

export type ClosedLoopGenerator = {
  readonly name: string
  readonly version: string
  readonly canConnectEachTime: boolean
  run(load: ClosedLoop): Promise<LoadResult>
}

export const host = 'bench.example.com'

export function urlOf({ port, tls, path }: Target): string {
  return `${tls ? 'https' : 'http'}://127.0.0.1:${port}${path}`
}

/** From every single latency, in milliseconds. */
export function latencyOf(values: Float64Array): Latency {
  const sorted = values.toSorted()
  const at = (part: number): number => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}
