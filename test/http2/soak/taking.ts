import type { CarefulClient } from '../support/careful-client.ts'
import type { ClientStream } from '../support/client-stream.ts'
import { lengthOf, type Script } from './script.ts'

const lateMs = 5

/** Gives a stream credit as its script has it, until it is stopped. */
export function feed(client: CarefulClient, stream: ClientStream, script: Script): { stop(): void } {
  const { taking } = script
  const amount = taking === 'drips' ? Math.max(10, Math.ceil(lengthOf(script) / 10)) : 262_144
  let timer: NodeJS.Timeout | undefined
  const give = (): void => {
    timer = undefined
    if (!stream.isDone && !client.wire.ended) client.credit(stream, amount - Math.min(0, stream.receiveWindow))
  }
  const look = (): void => {
    const isLow = taking === 'at once' ? stream.receiveWindow < 16_384 : stream.receiveWindow <= 0
    if (!isLow || stream.isDone || timer !== undefined) return
    if (taking === 'late') timer = setTimeout(give, lateMs)
    else give()
  }
  const stop = client.wire.watch(look)
  look()
  return {
    stop() {
      clearTimeout(timer)
      stop()
    },
  }
}
