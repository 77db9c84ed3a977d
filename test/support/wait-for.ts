/** Looks again every few milliseconds until it is so; fails with what was seen last after ten seconds. */
export async function waitFor<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + 10_000
  while (true) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > end) throw new Error(`not so within ten seconds: ${look}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
