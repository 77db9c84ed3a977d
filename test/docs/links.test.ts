import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { flagList } from '../../src/config/flags.ts'
import { pages, prose, readPage, repository } from './pages.ts'

/** Targets of links that stay in the repository, without what merely looks like a link inside code. */
function linksOf(markdown: string): readonly string[] {
  const text = prose(markdown).replace(/`[^`\n]*`/g, 'code')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^[a-z]+:/i.test(target))
}

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...prose(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

function isBroken(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(repository, target))) return true
  return anchor !== undefined && target.endsWith('.md') && !anchorsOf(readPage(target)).has(anchor)
}

describe('the pages of this repository', () => {
  it.each(pages)('%s links to files and headings that are there', (page) => {
    expect(linksOf(readPage(page)).filter((link) => isBroken(page, link))).toEqual([])
  })

  it.each(pages)('%s names source files that are there', (page) => {
    const named = [...readPage(page).matchAll(/`((?:src|test|bench|tools)\/[\w./-]+)`/g)].map(([, path = '']) => path)
    expect(named.filter((path) => !existsSync(join(repository, path)))).toEqual([])
  })

  it('are all reached from README.md', () => {
    const reached = new Set<string>()
    const visit = (page: string): void => {
      if (reached.has(page)) return
      reached.add(page)
      for (const link of linksOf(readPage(page))) {
        const [path = ''] = link.split('#')
        const target = join(dirname(page), path)
        // A link to a folder leads to every page in it.
        for (const next of pages) if (next === target || dirname(next) === target.replace(/\/$/, '')) visit(next)
      }
    }
    visit('README.md')
    expect(pages.filter((page) => !reached.has(page))).toEqual([])
  })
})

describe('README.md', () => {
  const readme = readPage('README.md')

  it('names npm scripts that are there', () => {
    const named = [...readme.matchAll(/npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].map(
      ([, run, own]) => run ?? own,
    )
    expect(named).toContain('start')
    expect(named.filter((script) => script === undefined || !(script in manifest.scripts))).toEqual([])
  })

  it('names flags that are there', () => {
    const lines = readme.split('\n').filter((line) => !/^\s*(curl|kubectl|docker|openssl) /.test(line))
    const named = [...lines.join('\n').matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)].map(([, name = '']) => name)
    const known = new Set<string>(flagList.map(({ name }) => name))
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})
