import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ComparedCase, compareCase, formatComparison } from './micro/harness/comparison.ts'
import { benchNames, type FileResult, runFile } from './micro/harness/run-file.ts'
import { asItIs, checkOut, commitOf, type Tree } from './micro/harness/worktree.ts'

// `npm run bench:compare BASE [OTHER]`: the micro benches on two commits, or on a commit and the files as they are. Both sides take
// turns in every round, each in a process of its own. Both answer the questions of today: BASE runs the benches of OTHER, and its
// own where those do not fit its code.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    'fail-above': { type: 'string' },
  },
})
const [baseRevision, otherRevision] = positionals
const rounds = Number(values.rounds)
/** With fewer there is no telling what is noise. */
const leastRounds = 3
const failAbove = values['fail-above'] === undefined ? Number.POSITIVE_INFINITY : Number(values['fail-above'])
if (baseRevision === undefined || positionals.length > 2 || !(rounds >= leastRounds) || Number.isNaN(failAbove)) {
  process.stderr.write(
    'Usage: npm run bench:compare -- BASE [OTHER] [--only=NAME,NAME] [--rounds=7] [--fail-above=PERCENT]\n' +
      'Compares OTHER (the working tree where none is given) with BASE. Exit code 1 only where a case is slower by more than PERCENT.\n',
  )
  process.exit(2)
}
const measureOptions = { rounds: 9, roundMs: 10 }
const stopped = new AbortController()
// What has begun ends within seconds, and the worktrees go with it.
process.once('SIGINT', () => stopped.abort())
process.once('SIGTERM', () => stopped.abort())

const repository = join(import.meta.dirname, '..')
const commits = await Promise.all([baseRevision, otherRevision].map((name) => name && commitOf(repository, name)))
const [baseCommit, otherCommit] = commits
if (baseCommit === undefined || (otherRevision !== undefined && otherCommit === undefined)) {
  process.stderr.write(
    `git knows no such commit: ${positionals.filter((_, i) => commits[i] === undefined).join(', ')}\n`,
  )
  process.exit(2)
}
await using base = await checkOut(repository, baseCommit)
await using other = otherCommit === undefined ? asItIs(repository) : await checkOut(repository, otherCommit)
process.exitCode = await compare(base, other)

async function compare(before: Tree, after: Tree): Promise<number> {
  const questions = join(before.folder, 'bench', 'micro-of-other')
  cpSync(join(after.folder, 'bench', 'micro'), questions, { recursive: true })
  const remarks: string[] = []
  const cases: ComparedCase[] = []
  const wanted = values.only?.split(',')
  const known = benchNames(questions)
  const names = known.filter((name) => wanted?.includes(name) ?? true)
  remarks.push(...(wanted ?? []).filter((name) => !known.includes(name)).map((name) => `${name}: no such bench`))
  for (const name of names) {
    if (stopped.signal.aborted) break
    process.stderr.write(`${name} ...\n`)
    const own = join(before.folder, 'bench', 'micro', `${name}.ts`)
    const [file, remark] = await firstThatRuns(name, [join(questions, `${name}.ts`), own].filter(existsSync), before)
    if (stopped.signal.aborted) break
    if (remark !== undefined) remarks.push(remark)
    if (file !== undefined) cases.push(...(await takeTurns(name, file, after, remarks)))
  }
  for (const name of benchNamesOf(before)) {
    if (!known.includes(name)) remarks.push(`${name}: only at ${before.label}`)
  }
  process.stdout.write(formatComparison(cases, [before.label, after.label]))
  if (remarks.length > 0) process.stdout.write(`\n${remarks.join('\n')}\n`)
  return cases.some(({ verdict, change }) => verdict === 'slower' && change > failAbove) ? 1 : 0
}

function benchNamesOf({ folder }: Tree): readonly string[] {
  const micro = join(folder, 'bench', 'micro')
  return existsSync(micro) ? benchNames(micro) : []
}

/** A file that BASE can run, and what is to be said about the choice. */
async function firstThatRuns(
  name: string,
  [todays, own]: readonly string[],
  before: Tree,
): Promise<readonly [file: string | undefined, remark: string | undefined]> {
  const tryOut = (file: string) => runFile(file, { rounds: 1, roundMs: 1 })
  const first: FileResult = todays === undefined ? { kind: 'failed', reason: 'no bench' } : await tryOut(todays)
  if (first.kind === 'measured') return [todays, undefined]
  if (own !== undefined && (await tryOut(own)).kind === 'measured') {
    return [own, `${name}: ${before.label} runs a bench of its own, as that of today does not fit it (${first.reason})`]
  }
  return [undefined, `${name}: does not run at ${before.label} (${first.reason.replaceAll(`${before.folder}/`, '')})`]
}

/** By case, in the order of OTHER. Cases of one side only are named, not compared. */
async function takeTurns(
  bench: string,
  file: string,
  after: Tree,
  remarks: string[],
): Promise<readonly ComparedCase[]> {
  const sides = [
    { file, figures: new Map<string, number[]>() },
    { file: join(after.folder, 'bench', 'micro', `${bench}.ts`), figures: new Map<string, number[]>() },
  ] as const
  for (let round = 0; round < rounds && !stopped.signal.aborted; round += 1) {
    // Whoever comes second finds a warmer or a more tired machine.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const result = await runFile(side.file, measureOptions)
      if (result.kind === 'failed') {
        remarks.push(`${bench}: failed in ${side.file} (${result.reason})`)
        return []
      }
      for (const { name, nanoseconds } of result.cases) {
        side.figures.set(name, [...(side.figures.get(name) ?? []), nanoseconds])
      }
    }
  }
  const [before, now] = sides.map(({ figures }) => figures)
  const missing = [...(before?.keys() ?? [])].filter((name) => !now?.has(name))
  remarks.push(...missing.map((name) => `${bench}: "${name}" only at ${base.label}`))
  return [...(now ?? [])].flatMap(([name, figures]) => {
    const old = before?.get(name)
    if (old !== undefined) return compareCase(bench, name, old, figures)
    remarks.push(`${bench}: "${name}" only at ${after.label}`)
    return []
  })
}
