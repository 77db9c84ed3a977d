/** Looks again until it is so; fails with what was seen last. For what neither an event nor `kubectl wait` announces. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { seconds = 30, everyMs = 100 }: { readonly seconds?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const end = Date.now() + seconds * 1000
  while (true) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (Date.now() > end) throw new Error(`not so within ${seconds} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
