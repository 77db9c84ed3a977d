export type StopSignal = {
  /** Settles with the first SIGTERM or SIGINT. */
  readonly received: Promise<NodeJS.Signals>
}

/** npm passes on an interrupt that the terminal has already sent to everybody: two that come this close are one. */
const sameInterruptMs = 300

/**
 * From now on the first signal asks for a stop and the second one ends the process at once with exit code 1.
 * Called before anything is started: process 1 of a container ignores signals that it has no handler for.
 */
export function catchStopSignals(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let first: { readonly name: NodeJS.Signals; readonly at: number } | undefined
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      const now = performance.now()
      if (first === undefined) {
        first = { name, at: now }
        resolve(name)
      } else if (name !== 'SIGINT' || first.name !== 'SIGINT' || now - first.at > sameInterruptMs) {
        process.exit(1)
      }
    })
  }
  return { received: promise }
}
