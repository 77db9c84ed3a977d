import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import type { PostReport } from './report.ts'

/** An answer may be here before the line about its request, which comes by another connection. */
const lateMs = 5_000

/** Where backends tell, before they begin, which request they handle: lines of `ID POD`. It outlives pods that are killed. */
export class Collector {
  readonly #podsById = new Map<string, string[]>()
  readonly #lines = new EventEmitter()
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
    this.#lines.emit('line')
  }

  /** `succeeded`: ids of POSTs that were answered with success. Waits a while for those that nobody has told of. */
  async report(succeeded: ReadonlySet<string>): Promise<PostReport> {
    const late = AbortSignal.timeout(lateMs)
    while (this.#untold(succeeded) > 0 && !late.aborted) {
      await once(this.#lines, 'line', { signal: late }).catch(() => {})
    }
    const duplicated = [...this.#podsById].filter(([, pods]) => pods.length > 1).map(([id, pods]) => ({ id, pods }))
    return { handled: this.#podsById.size, duplicated, untold: this.#untold(succeeded) }
  }

  #untold(succeeded: ReadonlySet<string>): number {
    return this.#server === undefined ? 0 : succeeded.difference(this.#podsById).size
  }

  close(): void {
    this.#server?.close()
  }
}
