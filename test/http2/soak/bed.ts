import { untilNothingIsOpen } from '../../support/gauges.ts'
import { type Headgate, startHeadgate } from '../../support/headgate.ts'
import { ingress, service, toYaml } from '../../support/objects.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Where } from '../support/raw-http2.ts'
import { type Endpoint, startEndpoint } from './endpoint.ts'

export type SoakBed = {
  readonly headgate: Headgate
  readonly endpoint: Endpoint
  readonly where: Where
  /** Resolves when nothing is left of all that was asked for, on either side. */
  untilQuiet(): Promise<void>
  close(): Promise<void>
}

export type SoakBedOptions = { readonly isTls: boolean; readonly flags?: readonly string[] }

/** The real program, in a process of its own, before an endpoint in this one. */
export async function startSoakBed({ isTls, flags = [] }: SoakBedOptions): Promise<SoakBed> {
  const endpoint = await startEndpoint()
  const yaml = toYaml(ingress({ host: 'app.example.com' }), service('app', [endpoint.port]))
  const headgate = await startHeadgate({
    manifests: { 'app.yaml': yaml },
    flags: ['--access-log=off', '--h2c=on', ...flags],
  })
  return {
    headgate,
    endpoint,
    where: { port: isTls ? headgate.https : headgate.http, isTls },
    async untilQuiet() {
      await untilNothingIsOpen(headgate)
      await waitFor(async () => (await endpoint.connections()) === 0)
    },
    async close() {
      await headgate.stop()
      await endpoint.close()
    },
  }
}
