import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import runtime from '../../tools/node-runtime/package.json' with { type: 'json' }
import { readPage, repository } from './pages.ts'

type Row = { readonly name: string; readonly version: string; readonly licence: string }

/** Rows of the form | `name` | version | licence | why | below a heading. */
function rowsBelow(heading: string): readonly Row[] {
  const page = readPage('docs/dependencies.md')
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const [table = ''] = section.split('\n## ')
  return [...table.matchAll(/^\| `([^`]+)` \| (\S+) \| ([^|]+) \| [^|]+\|$/gm)].map(
    ([, name = '', version = '', licence = '']) => ({ name, version, licence }),
  )
}

/** In the words of package.json; undefined where the folder is not there. */
function licenceIn(folder: string): string | undefined {
  const file = join(repository, folder, 'package.json')
  if (!existsSync(file)) return undefined
  const { license }: { license?: unknown } = JSON.parse(readFileSync(file, 'utf8'))
  return typeof license === 'string' ? license : '(none)'
}

describe('docs/dependencies.md', () => {
  it.each([
    ['At run time', manifest.dependencies],
    ['For development', manifest.devDependencies],
    ['Node itself', runtime.optionalDependencies],
  ])('says of every package under "%s" which version it is, and names no other', (heading, wanted) => {
    const listed = rowsBelow(heading).map(({ name, version }) => [name, version])
    expect(listed.toSorted()).toEqual(Object.entries(wanted).toSorted())
  })

  it.each(['At run time', 'For development'])('names the licences of the packages under "%s"', (heading) => {
    const rows = rowsBelow(heading)
    expect(rows).not.toEqual([])
    const wrong = rows.filter(({ name, licence }) => licenceIn(`node_modules/${name}`) !== licence)
    expect(wrong).toEqual([])
  })
})

/** Licences under which a package may be part of what a user runs. */
const allowed = new Set([
  '(BSD-3-Clause OR GPL-2.0)',
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
])

type Locked = { readonly dev?: boolean; readonly optional?: boolean; readonly link?: boolean }

describe('what a user runs', () => {
  const lock: { packages: Readonly<Record<string, Locked>> } = JSON.parse(readPage('package-lock.json'))
  const folders = Object.entries(lock.packages).filter(([folder, { dev, link }]) => folder !== '' && !dev && !link)

  it('has only licences that allow it to be passed on', () => {
    // Optional packages are for one platform each, and those for others are not on this disk.
    const present = folders.filter(([folder, { optional }]) => !optional || existsSync(join(repository, folder)))
    const licences = present.map(([folder]) => ({ folder, licence: licenceIn(folder) ?? '(not installed)' }))
    expect(licences.length).toBeGreaterThan(10)
    expect(licences.filter(({ licence }) => !allowed.has(licence))).toEqual([])
  })
})
