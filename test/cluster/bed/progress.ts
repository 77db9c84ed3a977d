/** Tells what is going on, on standard error: standard output belongs to what was asked for. */
export type Progress = {
  /** Runs it and says, when it is done, how long it took. */
  step<T>(what: string, work: () => Promise<T>): Promise<T>
  say(line: string): void
}

export function terminalProgress(): Progress {
  const start = performance.now()
  const say = (line: string) => process.stderr.write(`${seconds(performance.now() - start).padStart(7)}  ${line}\n`)
  return {
    say,
    async step(what, work) {
      const begin = performance.now()
      const result = await work()
      say(`${what} (${seconds(performance.now() - begin)})`)
      return result
    },
  }
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
