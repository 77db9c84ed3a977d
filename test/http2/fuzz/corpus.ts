import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('./corpus/', import.meta.url))

export type Sample = { readonly name: string; readonly bytes: Buffer }

/** What real clients sent, and what was found by changing it: hexadecimal, so that a difference can be read. */
export function readCorpus(): readonly Sample[] {
  const names = readdirSync(folder).filter((file) => file.endsWith('.hex'))
  return names.toSorted().map((name) => ({ name, bytes: fromHex(readFileSync(`${folder}${name}`, 'latin1')) }))
}

/** Keeps what has broken a rule, to be tried by every test run from now on. */
export function keep(bytes: Buffer): string {
  const name = `found-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.hex`
  const lines = bytes.toString('hex').match(/.{1,128}/g) ?? []
  writeFileSync(`${folder}${name}`, `${lines.join('\n')}\n`)
  return name
}

function fromHex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\n', ''), 'hex')
}
