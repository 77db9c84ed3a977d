import { isDeepStrictEqual } from 'node:util'
import { type Random, randomFrom } from '../support/random.ts'
import type { Sample } from './corpus.ts'
import { cutAtRandom, type Outcome, readPieces, useAtRandom } from './judge.ts'
import { mutate } from './mutate.ts'

export type Finding = { readonly bytes: Buffer; readonly seed: number; readonly text: string }

/** What is wrong about a connection that is sent these bytes, whole, cut, and in company; undefined: nothing. */
export function judge(bytes: Buffer, random: Random): string | undefined {
  try {
    const whole = readPieces([bytes])
    const difference = differenceOf(whole, readPieces(cutAtRandom(bytes, random)))
    if (difference !== undefined) return difference
    useAtRandom(bytes, random)
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

/** Cut in two at every place. */
export function judgeEveryCut(bytes: Buffer): string | undefined {
  const whole = readPieces([bytes])
  for (let at = 1; at < bytes.length; at++) {
    const difference = differenceOf(whole, readPieces([bytes.subarray(0, at), bytes.subarray(at)]))
    if (difference !== undefined) return `cut at ${at}: ${difference}`
  }
  return differenceOf(whole, readPieces(Array.from(bytes, (byte) => Buffer.from([byte]))))
}

function differenceOf(whole: Outcome, cut: Outcome): string | undefined {
  if (isDeepStrictEqual(whole, cut)) return undefined
  return `whole ${JSON.stringify(whole)}\ncut ${JSON.stringify(cut)}`
}

/** One of the corpus, changed. Each seed gives the same one as long as the corpus does. */
export function tryOne(corpus: readonly Sample[], seed: number): Finding | undefined {
  const random = randomFrom(seed)
  const bytes = mutate(corpus, random)
  const text = judge(bytes, random)
  return text === undefined ? undefined : { bytes, seed, text }
}

/** As few bytes as show the same: pieces are left out for as long as something is still wrong. */
export function shorten(bytes: Buffer, seed: number): Buffer {
  let shortest = bytes
  for (let size = bytes.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= shortest.length; ) {
      const without = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + size)])
      if (judge(without, randomFrom(seed)) === undefined) at += size
      else shortest = without
    }
  }
  return shortest
}
