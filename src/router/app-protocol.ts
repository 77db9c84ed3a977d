import type { ServicePort } from '../watch/objects.ts'
import type { UpstreamProtocol } from './table.ts'

/** `kubernetes.io/h2c` is of Kubernetes itself (KEP-3726); `grpc` is what service meshes call gRPC without TLS. */
const speaksHttp2: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'grpc'])

/** These want TLS to the endpoint. Some write them in capitals. */
const wantsTls: ReadonlySet<string> = new Set(['https', 'grpcs', 'kubernetes.io/wss'])

export type AppProtocol = {
  readonly protocol: UpstreamProtocol
  /** What the port says, where it means something that is not done. */
  readonly unsupported: string | undefined
}

/** How the endpoints of a Service port are to be spoken to. What it does not say, and what nobody knows, is HTTP/1.1. */
export function appProtocolOf(port: ServicePort | undefined): AppProtocol {
  const name: unknown = port?.appProtocol
  if (typeof name !== 'string') return { protocol: 'http', unsupported: undefined }
  const lower = name.toLowerCase()
  return {
    protocol: speaksHttp2.has(lower) ? 'h2c' : 'http',
    unsupported: wantsTls.has(lower) ? name : undefined,
  }
}
