import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fastLane, standardLane } from '../support/lanes.ts'
import { alone, type Comparison, compareAll, everyCut, together } from './compare.ts'
import { doubtful } from './corpus/doubtful.ts'
import { pipelines } from './corpus/pipelines.ts'
import { either, plain } from './corpus/plain.ts'
import { cut, mutate, randomFrom } from './mutations.ts'
import { last, type Side, startSide } from './side.ts'

const corpus = [...plain, ...either, ...doubtful, ...pipelines]
const count = Number(process.env['DIFFERENTIAL_CASES'] ?? 1_500)
const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 20_261_121)

const cutEverywhere = [
  'what curl sends',
  'a POST of a form',
  'chunks',
  'two Hosts',
  'a POST and a GET',
  'a GET and garbage',
]

describe('the fast lane sends endpoints what the standard lane sends, and takes nothing that it refuses:', () => {
  let fast: Side
  let standard: Side

  beforeAll(async () => {
    fast = await startSide(fastLane)
    standard = await startSide(standardLane)
  })

  afterAll(async () => {
    await fast.close()
    await standard.close()
  })

  const expectAlike = async (what: string, comparisons: readonly Comparison[]): Promise<void> => {
    const { counts, differences } = await compareAll(fast, standard, comparisons)
    process.stdout.write(`${what}: ${comparisons.length} compared, ${JSON.stringify(counts)}\n`)
    expect(differences).toEqual([])
  }

  it('each request of the corpus, alone', () => expectAlike('corpus, alone', corpus.map(alone)))

  it('each request of the corpus with another one behind it', () =>
    expectAlike('corpus, together', corpus.map(together)))

  it('requests cut in two at every byte', () => {
    const chosen = corpus.filter(([name]) => cutEverywhere.includes(name))
    expect(chosen).toHaveLength(cutEverywhere.length)
    return expectAlike('cut at every byte', chosen.flatMap(everyCut))
  })

  it(`${count} random changes of them, from seed ${seed}`, { timeout: 30_000 + count * 100 }, () => {
    const random = randomFrom(seed)
    const comparisons = Array.from({ length: count }, (): Comparison => {
      const [name, bytes] = mutate(corpus, random)
      if (random() < 0.5) return alone([name, bytes])
      return { name, pieces: cut(bytes + last, random), wait: 'moment' }
    })
    return expectAlike('random changes', comparisons)
  })

  it('and was taken', async () => {
    const lines = (await fast.headgate.page('/metrics')).split('\n')
    const counts = lines.filter((line) => /^headgate_(requests_by_lane|fast_lane_handovers)_total\{/.test(line))
    process.stdout.write(`${counts.join('\n')}\n`)
    expect(counts).toContainEqual(expect.stringMatching(/^headgate_requests_by_lane_total\{lane="fast"\} [1-9]/))
  })
})
