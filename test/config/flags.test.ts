import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { flagList, variableOf } from '../../src/config/flags.ts'

const pageFile = new URL('../../docs/reference/flags.md', import.meta.url)

function formatTable(): string {
  const rows = flagList.map((flag) => {
    const value = flag.placeholder === undefined ? '' : ` ${flag.placeholder}`
    const often = flag.repeatable ? ' Repeatable.' : ''
    return `| \`--${flag.name}${value}\` | \`${variableOf(flag)}\` | ${flag.defaultText} | ${flag.help}${often} |`
  })
  return ['| flag | variable | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

describe('the table of flags', () => {
  it('is the one of docs/reference/flags.md', async () => {
    const page = readFileSync(pageFile, 'utf8')
    const current = page.replace(/(?<=<!-- table -->\n)[\s\S]*(?=<!-- \/table -->)/, () => `${formatTable()}\n`)
    expect(current).toContain(formatTable())
    await expect(current).toMatchFileSnapshot(pageFile.pathname)
  })

  it('names each flag and each variable once', () => {
    const names = flagList.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => /^[a-z][a-z0-9]*(-[a-z]+)*$/.test(name))).toBe(true)
  })

  it('has no flag that begins like the negation of another', () => {
    expect(flagList.filter(({ name }) => name.startsWith('no-'))).toEqual([])
  })
})
