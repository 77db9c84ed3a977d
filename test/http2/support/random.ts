import type { Random } from '../../lanes/mutations.ts'

export { type Random, randomFrom } from '../../lanes/mutations.ts'

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

/** True once in so many times. */
export function oneIn(random: Random, times: number): boolean {
  return below(random, times) === 0
}
