import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startOn, stop } from '../support/spawned.ts'
import type { IdleConnections, IdleReport } from './clients/idle-connections.ts'
import { clientFile } from './run.ts'

export type Idle = {
  readonly opened: number
  /** Ends them: how many were lost before that. */
  close(): Promise<number>
}

export async function openIdle(cores: string, options: IdleConnections): Promise<Idle> {
  const child = startOn(cores, [process.execPath, clientFile('idle-connections.ts'), JSON.stringify(options)])
  if (child.stdout === null) throw new Error('the client has no output')
  const lines = createInterface(child.stdout)
  const { opened } = await nextReport(lines)
  return {
    opened,
    async close() {
      const last = nextReport(lines)
      await stop(child)
      return (await last).lost
    },
  }
}

async function nextReport(lines: ReturnType<typeof createInterface>): Promise<IdleReport> {
  const [line] = await once(lines, 'line')
  return JSON.parse(String(line))
}
