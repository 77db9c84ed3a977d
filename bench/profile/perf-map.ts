import { readFile } from 'node:fs/promises'

type Entry = { readonly start: number; readonly end: number; readonly line: string }

/**
 * V8 appends to its map and takes nothing out: where code was freed and others live at its address now, perf would name the dead.
 * The last to be written is right. `undefined`: no map.
 */
export async function tidyPerfMap(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'latin1').catch(() => undefined)
  return text === undefined ? undefined : tidied(text)
}

function tidied(text: string): string {
  const kept: Entry[] = []
  for (const line of text.split('\n').reverse()) {
    const [start = Number.NaN, size = Number.NaN] = line.split(' ', 2).map((hex) => Number.parseInt(hex, 16))
    const entry = { start, end: start + size, line }
    if (Number.isNaN(entry.end)) continue
    const at = firstEndingAfter(kept, start)
    const next = kept[at]
    if (next === undefined || next.start >= entry.end) kept.splice(at, 0, entry)
  }
  return kept.map(({ line }) => `${line}\n`).join('')
}

/** In a list in order of addresses, without overlaps. */
function firstEndingAfter(entries: readonly Entry[], address: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.end ?? 0) <= address) low = middle + 1
    else high = middle
  }
  return low
}
