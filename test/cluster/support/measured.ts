import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const page = fileURLToPath(new URL('../../../docs/exposure.md', import.meta.url))

/** A table in docs/exposure.md: how each row is called, what is the same in every run, and what is not. */
export type MeasuredRow = {
  readonly way: string
  readonly facts: Readonly<Record<string, string>>
  readonly measures: Readonly<Record<string, string>>
}

/** Writes the table where HEADGATE_WRITE_REPORTS is 1. Otherwise what is the same in every run must stand there as it was found. */
export function publish(table: string, rows: readonly MeasuredRow[]): void {
  const text = readFileSync(page, 'utf8')
  const region = regionOf(text, table)
  if (process.env['HEADGATE_WRITE_REPORTS'] === '1') {
    const [before, after] = [`<!-- measured: ${table} -->`, '<!-- /measured -->']
    writeFileSync(
      page,
      text.replace(`${before}${region}${after}`, () => `${before}\n${tableOf(rows)}\n${after}`),
    )
    return
  }
  const columns = ['way', ...Object.keys(rows[0]?.facts ?? {})]
  const written = parseTable(region).map((row) => columns.map((column) => row[column]))
  expect(written).toEqual(rows.map(({ way, facts }) => [way, ...Object.values(facts)]))
}

export function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function regionOf(text: string, table: string): string {
  const [, region] = new RegExp(`<!-- measured: ${table} -->(.*?)<!-- /measured -->`, 's').exec(text) ?? []
  if (region === undefined) throw new Error(`docs/exposure.md has no place for the table ${table}`)
  return region
}

function tableOf(rows: readonly MeasuredRow[]): string {
  const [first] = rows
  if (first === undefined) return ''
  const columns = ['way', ...Object.keys(first.facts), ...Object.keys(first.measures)]
  const cells = rows.map(({ way, facts, measures }) => [way, ...Object.values(facts), ...Object.values(measures)])
  return [columns, columns.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function parseTable(region: string): readonly Readonly<Record<string, string>>[] {
  const [columns = [], , ...rows] = region
    .trim()
    .split('\n')
    .map((line) => line.slice(2, -2).split(' | '))
  return rows.map((cells) => Object.fromEntries(cells.map((cell, index) => [columns[index] ?? '', cell])))
}
