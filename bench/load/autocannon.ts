import manifest from 'autocannon/package.json' with { type: 'json' }
import type { ClosedLoopGenerator } from './load.ts'
import { runClient } from './run.ts'

/** Needs nothing but npm. It takes ten times the CPU of wrk and is the limit of the requests a second. */
export const cannon: ClosedLoopGenerator = {
  name: 'autocannon',
  version: manifest.version,
  // With its own option for that it counts no requests.
  canConnectEachTime: false,
  run: (load) => runClient(load.cores, 'autocannon.ts', load),
}
