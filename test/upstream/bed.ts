import type { Socket } from 'node:net'
import { type Headgate, startHeadgate } from '../support/headgate.ts'
import { ingress, service, toYaml } from '../support/objects.ts'
import { type Origin, type SeenRequest, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'

/** By which of the two clients Headgate reaches its endpoints: the same must hold for both. */
export const upstreamClients = ['lean', 'undici'] as const
export type UpstreamClient = (typeof upstreamClients)[number]

type Respond = (request: SeenRequest, socket: Socket) => string | Buffer | undefined

export type Bed = {
  readonly headgate: Headgate
  readonly origin: Origin
  /** How the endpoint answers from now on. */
  respond: Respond
  open(): Promise<RawClient>
  /** Failures of the endpoint that were counted for that reason. */
  count(reason: string): Promise<number>
  close(): Promise<void>
}

export const request = (method = 'GET', more = '', body = ''): string =>
  `${method} / HTTP/1.1\r\nHost: app.example.com\r\n${more}\r\n${body}`

/** The real program before one endpoint. */
export async function startBed(client: UpstreamClient, flags: readonly string[] = []): Promise<Bed> {
  const origin = await startOrigin((seen, socket) => bed.respond(seen, socket))
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default' },
    data: { 'proxy-read-timeout': '1' },
  }
  const yaml = toYaml(settings, ingress({ host: 'app.example.com' }), service('app', [origin.port]))
  const headgate = await startHeadgate({
    manifests: { 'app.yaml': yaml },
    flags: [`--lean-upstream=${client === 'lean'}`, '--configmap=default/settings', ...flags],
  })
  const bed: Bed = {
    headgate,
    origin,
    respond: () => undefined,
    open: () => RawClient.open(headgate.http),
    async count(reason) {
      const pattern = new RegExp(`^headgate_upstream_errors_total\\{reason="${reason}"\\} (\\d+)$`, 'm')
      return Number(pattern.exec(await headgate.page('/metrics'))?.[1] ?? 0)
    },
    async close() {
      await headgate.stop()
      await origin.close()
    },
  }
  return bed
}
