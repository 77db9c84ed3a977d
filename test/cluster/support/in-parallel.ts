/** Each of them, so many at a time, in their order. */
export async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>, atOnce = 32): Promise<void> {
  const next = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let { value, done } = next.next(); done !== true; { value, done } = next.next()) await work(value)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
