import type { Bed } from './bed.ts'
import type { Deployed } from './deploy.ts'
import { nodeUrls } from './expect-traffic.ts'
import { startProbe } from './probe.ts'

/** When the client outside got the first answer from this host to a question after `since`. Milliseconds since 1970. */
export async function servedAt(bed: Bed, { nodePorts }: Deployed, host: string, since: number): Promise<number> {
  const [url = ''] = nodeUrls(bed, nodePorts.http)
  const probe = startProbe(bed, [{ name: host, url, host }])
  try {
    return (await probe.answered(host, since)).endedAt
  } finally {
    probe.stop()
  }
}
