import { parseArgs } from 'node:util'
import { keep, readCorpus } from './corpus.ts'
import { shorten, tryOne } from './fuzz.ts'

// `npm run fuzz:http2 -- --minutes 10 --seed N`: changes of the corpus, one after another. What breaks a rule is kept in the corpus.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
})
const corpus = readCorpus()
const first = Number(values.seed)
const end = performance.now() + Number(values.minutes) * 60_000
let seed = first
let found = 0
let nextReport = performance.now() + 30_000
process.stdout.write(`from seed ${first}, a corpus of ${corpus.length}\n`)
for (; performance.now() < end && found < 10; seed++) {
  const finding = tryOne(corpus, seed)
  if (finding !== undefined) {
    found++
    const name = keep(shorten(finding.bytes, seed))
    process.stdout.write(`seed ${seed}, kept as ${name}: ${finding.text.slice(0, 2_000)}\n`)
  }
  if (performance.now() < nextReport) continue
  nextReport += 30_000
  process.stdout.write(`${seed - first} tried, ${found} found\n`)
}
process.stdout.write(`${seed - first} tried, ${found} found\n`)
process.exitCode = found > 0 ? 1 : 0
