export type StopSignal = {
  /** Settles with the first SIGTERM or SIGINT. */
  readonly received: Promise<NodeJS.Signals>
}

/**
 * From now on the first signal asks for a stop and the second one ends the process at once with exit code 1.
 * Called before anything is started: process 1 of a container ignores signals that it has no handler for.
 */
export function catchStopSignals(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let count = 0
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      count++
      if (count > 1) process.exit(1)
      resolve(name)
    })
  }
  return { received: promise }
}
