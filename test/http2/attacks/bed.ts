import { untilNothingIsOpen } from '../../support/gauges.ts'
import { type Headgate, startHeadgate } from '../../support/headgate.ts'
import { ingress, service, toYaml } from '../../support/objects.ts'
import { type Origin, ok, startOrigin } from '../../support/origin.ts'
import { CarefulClient } from '../support/careful-client.ts'
import type { Where } from '../support/raw-http2.ts'
import { get } from './attack.ts'

export type AttackBed = {
  readonly headgate: Headgate
  readonly origin: Origin
  readonly where: Where
  /** How many requests for this path the endpoint has seen. */
  seen(path: string): number
  /** One request of a client that has been there all the time. */
  askAsOther(): Promise<number>
  untilQuiet(): Promise<void>
  close(): Promise<void>
}

/** The real program before an endpoint that answers everything at once but `/slow`, which waits, and `/large`. */
export async function startAttackBed(settings: Readonly<Record<string, string>> = {}): Promise<AttackBed> {
  const large = ok('x'.repeat(1_048_576))
  const origin = await startOrigin(({ line }) => {
    const path = line.split(' ')[1]
    if (path === '/slow') return undefined
    return path === '/large' ? large : ok('for the others')
  })
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default' },
    data: settings,
  }
  const yaml = toYaml(configMap, ingress({ host: 'app.example.com' }), service('app', [origin.port]))
  const headgate = await startHeadgate({ manifests: { 'app.yaml': yaml }, flags: ['--configmap=default/settings'] })
  const where = { port: headgate.https, isTls: true }
  const other = await CarefulClient.open(where)
  return {
    headgate,
    origin,
    where,
    seen: (path) => origin.seen.filter(({ line }) => line.split(' ')[1] === path).length,
    async askAsOther() {
      const stream = other.request([...get.slice(0, 3), [':path', '/']], { end: true })
      await other.until(() => stream.isDone)
      if (other.uncredited > 0) other.credit(undefined, other.uncredited)
      return stream.status
    },
    async untilQuiet() {
      other.wire.close()
      await untilNothingIsOpen(headgate)
    },
    async close() {
      await headgate.stop()
      await origin.close()
    },
  }
}
