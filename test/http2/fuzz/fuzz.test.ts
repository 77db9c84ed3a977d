import { describe, expect, it } from 'vitest'
import { randomFrom } from '../support/random.ts'
import { readCorpus } from './corpus.ts'
import { judge, judgeEveryCut, tryOne } from './fuzz.ts'

const corpus = readCorpus()
const count = Number(process.env['FUZZ_CASES'] ?? 1_500)
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121)

describe('a connection of the HTTP/2 codec', () => {
  it.each(corpus.map(({ name, bytes }) => [name, bytes] as const))(
    'takes %s alike, cut in two at every byte and byte by byte',
    (_name, bytes) => {
      expect(judgeEveryCut(bytes)).toBe(undefined)
    },
  )

  it.each(corpus.map(({ name, bytes }) => [name, bytes] as const))(
    'keeps every rule with %s, whatever its users do',
    (_name, bytes) => {
      for (let i = 0; i < 20; i++) expect(judge(bytes, randomFrom(i))).toBe(undefined)
    },
  )

  it(`keeps every rule with ${count} changes of them, from seed ${seed}`, { timeout: 30_000 + count * 20 }, () => {
    for (let i = 0; i < count; i++) expect(tryOne(corpus, seed + i)).toBe(undefined)
  })
})
