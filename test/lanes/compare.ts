import type { Case } from './corpus/case.ts'
import { splitRequests } from './recorder.ts'
import { type Delivery, last, type Outcome, type Side, slots } from './side.ts'

export type Comparison = Delivery & { readonly name: string }

/** `alike`: at once. `asked one by one`: as the standard lane answers the same requests one by one. */
export type Verdict = 'alike' | 'asked one by one' | 'refused sooner' | 'different'

/** Enough for an answer on most machines; who has not answered then is asked again with more. */
const patienceMs = 100
const morePatienceMs = 2_000

export const alone = ([name, bytes]: Case): Comparison => ({
  name: `${name}, alone`,
  pieces: [bytes, last],
  wait: 'answer',
})
export const together = ([name, bytes]: Case): Comparison => ({
  name: `${name}, with another behind it`,
  pieces: [bytes + last],
  wait: 'moment',
})

/** Every place at which the bytes can be cut in two. */
export function everyCut([name, bytes]: Case): readonly Comparison[] {
  return Array.from({ length: bytes.length - 1 }, (_, i) => ({
    name: `${name}, cut behind byte ${i + 1}`,
    pieces: [bytes.slice(0, i + 1), bytes.slice(i + 1) + last],
    wait: 'moment',
  }))
}

let runs = 0

/** All comparisons, several at a time; what is different is told, everything is counted. */
export async function compareAll(
  fast: Side,
  standard: Side,
  comparisons: readonly Comparison[],
): Promise<{ readonly counts: Readonly<Record<Verdict, number>>; readonly differences: readonly string[] }> {
  const counts: Record<Verdict, number> = { alike: 0, 'asked one by one': 0, 'refused sooner': 0, different: 0 }
  const differences: string[] = []
  const waiting = [...comparisons].reverse()
  const work = async (slot: number): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { verdict, difference } = await compareSteadily(fast, standard, slot, next)
      counts[verdict]++
      if (difference !== undefined) differences.push(difference)
    }
  }
  await Promise.all(Array.from({ length: slots }, (_, slot) => work(slot)))
  return { counts, differences }
}

type Compared = { readonly verdict: Verdict; readonly difference?: string }

/** Parsers that differ do so each time. What differs once is told and not counted: on a busy machine a reset overtakes an answer. */
async function compareSteadily(fast: Side, standard: Side, slot: number, comparison: Comparison): Promise<Compared> {
  let compared = await compare(fast, standard, slot, comparison)
  for (let again = 0; again < 2 && compared.difference !== undefined; again++) {
    process.stdout.write(`differs once: ${compared.difference}\n`)
    compared = await compare(fast, standard, slot, comparison)
  }
  return compared
}

async function compare(fast: Side, standard: Side, slot: number, comparison: Comparison): Promise<Compared> {
  const both = (ms: number): Promise<[Outcome, Outcome]> => {
    const place = { slot, run: ++runs }
    return Promise.all([fast.run(place, comparison, ms), standard.run(place, comparison, ms)])
  }
  const [quickFast, quickStandard] = await both(patienceMs)
  if (isAlike(quickFast, quickStandard)) return { verdict: 'alike' }
  let [fastOutcome, standardOutcome] = await both(morePatienceMs)
  // A write into a connection that has been closed can cost a client the answer that lay there, in any lane.
  if (fastOutcome.received === '' || standardOutcome.received === '') {
    ;[fastOutcome, standardOutcome] = await both(morePatienceMs)
  }
  if (isAlike(fastOutcome, standardOutcome)) return { verdict: 'alike' }
  // Node's parser reads ahead: garbage behind a good request can cost that one its answer. The fast lane takes one request
  // at a time, so what it must be like is the standard lane that gets them one at a time.
  const pieces = splitRequests(comparison.pieces.join(''))
  const oneByOne = await standard.run({ slot, run: ++runs }, { pieces, wait: 'answer' }, morePatienceMs)
  if (isAlike(fastOutcome, oneByOne)) return { verdict: 'asked one by one' }
  if (isCutShort(fastOutcome, oneByOne)) return { verdict: 'refused sooner' }
  const outcomes = { fast: fastOutcome, standard: standardOutcome, oneByOne }
  return { verdict: 'different', difference: describeDifference(comparison, outcomes) }
}

function isAlike(a: Outcome, b: Outcome): boolean {
  return a.end === b.end && a.upstream === b.upstream && a.received === b.received
}

/** Both end with the same refusal, one of them before it has answered all that is good: it had read ahead. */
function isCutShort(short: Outcome, long: Outcome): boolean {
  const answered = short.statuses.slice(0, -1)
  return (
    short.end === 'ended' &&
    long.end === 'ended' &&
    (short.statuses.at(-1) ?? 0) >= 400 &&
    short.statuses.at(-1) === long.statuses.at(-1) &&
    long.upstream.startsWith(short.upstream) &&
    answered.every((status, i) => status === long.statuses[i])
  )
}

function describeDifference({ name, pieces }: Comparison, outcomes: Readonly<Record<string, Outcome>>): string {
  const short = (text: unknown): string => JSON.stringify(text).replace(/(.{1500}).+(.{500})/s, '$1 … $2')
  const lines = Object.entries(outcomes).map(([who, outcome]) => `${who}: ${short(outcome)}`)
  return [name, short(pieces), ...lines].join('\n')
}
