import { createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import type { PostReport } from './report.ts'

/** Where backends tell, before they begin, which request they handle: lines of `ID POD`. It outlives pods that are killed. */
export class Collector {
  readonly #podsById = new Map<string, string[]>()
  #server: Server | undefined

  listen(port: number): Promise<void> {
    const server = createServer((socket) => {
      // A pod that is killed may reset its connection: what came before that has been read.
      socket.on('error', () => {})
      createInterface({ input: socket }).on('line', (line) => this.#add(line))
    })
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: '::' }, resolve)
    })
  }

  #add(line: string): void {
    const [id = '', pod = ''] = line.split(' ')
    const pods = this.#podsById.get(id)
    if (pods === undefined) this.#podsById.set(id, [pod])
    else pods.push(pod)
  }

  /** `succeeded`: ids of POSTs that were answered with success. */
  report(succeeded: Iterable<string>): PostReport {
    const duplicated = [...this.#podsById].filter(([, pods]) => pods.length > 1).map(([id, pods]) => ({ id, pods }))
    let untold = 0
    if (this.#server !== undefined) for (const id of succeeded) if (!this.#podsById.has(id)) untold++
    return { handled: this.#podsById.size, duplicated, untold }
  }

  close(): void {
    this.#server?.close()
  }
}
