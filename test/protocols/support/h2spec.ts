import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finish } from '../../cluster/bed/run.ts'
import { goProgram } from './go-programs.ts'

export type Verdict = {
  readonly passed: number
  /** A line for each case: its section and number, what was sent, what was expected and what came. */
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
}

export type H2specRun = {
  readonly port: number
  readonly isTls: boolean
  readonly isStrict: boolean
  /** Where its report goes. */
  readonly folder: string
}

export async function runH2spec({ port, isTls, isStrict, folder }: H2specRun): Promise<Verdict> {
  const report = join(folder, `h2spec-${isTls ? 'tls' : 'plain'}-${isStrict ? 'strict' : 'usual'}.xml`)
  const flags = [...(isTls ? ['-t', '-k'] : []), ...(isStrict ? ['-S'] : [])]
  const args = ['-h', '127.0.0.1', '-p', `${port}`, '-j', report, ...flags]
  const { code, stdout, stderr } = await finish(await goProgram('h2spec'), args)
  // It ends with 1 where cases fail too: the report says which. Without a report it could not even connect.
  const xml = await readFile(report, 'utf8').catch(() => undefined)
  if (xml === undefined) throw new Error(`h2spec ended with ${code}: ${stdout.slice(-500)}${stderr}`)
  const verdict = readReport(xml)
  const [, total] = /^(\d+) tests, /m.exec(stdout) ?? []
  const counted = verdict.passed + verdict.failed.length + verdict.skipped.length
  if (Number(total) !== counted) throw new Error(`h2spec counts ${total} cases, and its report has ${counted}`)
  return verdict
}

/** The JUnit report that h2spec writes; no other. */
function readReport(xml: string): Verdict {
  const cases = [...xml.matchAll(/<testsuite [^>]*?id="([^"]*)"[^>]*>(.*?)<\/testsuite>/gs)].flatMap(casesOfSuite)
  return {
    passed: cases.filter(({ fault, isSkipped }) => fault === undefined && !isSkipped).length,
    failed: cases.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`])),
    skipped: cases.filter(({ isSkipped }) => isSkipped).map(({ name }) => name),
  }
}

type Case = { readonly name: string; readonly fault: string | undefined; readonly isSkipped: boolean }

function casesOfSuite([, , body = '']: RegExpExecArray): readonly Case[] {
  const cases = [...body.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)]
  return cases.map(([, section, title = '', result = ''], index) => {
    const [, fault] = /<(?:failure|error)>(.*)<\/(?:failure|error)>/s.exec(result) ?? []
    return {
      name: `${section}/${index + 1} ${unescapeXml(title)}`,
      fault: fault === undefined ? undefined : sentence(fault),
      isSkipped: result.includes('<skipped'),
    }
  })
}

/** Every line but the last is an outcome that would have been right. */
function sentence(fault: string): string {
  const lines = fault.trim().split(/\s*\n\s*/)
  return `expected ${lines.slice(0, -1).join(', or ')}; came ${lines.at(-1)}`
}

const characters: Readonly<Record<string, string>> = { 34: '"', 39: "'", amp: '&', gt: '>', lt: '<' }

function unescapeXml(text: string): string {
  return text.replace(/&#?(\w+);/g, (entity, name: string) => characters[name] ?? entity)
}
