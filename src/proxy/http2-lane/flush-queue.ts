/** Whoever has something to send. */
export interface Flushable {
  flush(): void
}

let waiting: Flushable[] = []

/**
 * Has it flushed when this turn of the event loop is over: what all requests of a turn have to say to one client leaves in one write.
 * A write for each frame costs up to twice as much.
 */
export function flushSoon(one: Flushable): void {
  if (waiting.length === 0) setImmediate(flushAll)
  waiting.push(one)
}

function flushAll(): void {
  const all = waiting
  waiting = []
  for (const one of all) one.flush()
}
