import { type Category, categories } from './categories.ts'
import type { Shares } from './shares.ts'
import { colourOf, escaped, label, legend, short, svg } from './svg.ts'

export type Bar = {
  /** Bars of one group did the same job. */
  readonly group: string
  readonly name: string
  /** CPU of the whole process tree. */
  readonly microsecondsPerRequest: number
  readonly shares: Shares
}

const left = 150
const barWidth = 700
const barHeight = 26
const gap = 8

/** One bar for each proxy and lane, as long as a request costs, all to one scale. */
export function barsSvg(bars: readonly Bar[], caption: string): string {
  const longest = Math.max(...bars.map((bar) => bar.microsecondsPerRequest))
  const lines: string[] = [label(12, 24, 'CPU microseconds per request', 'font-size="15" font-weight="bold"')]
  let y = 36
  for (const [group, members] of Map.groupBy(bars, (bar) => bar.group)) {
    y += 20
    lines.push(label(12, y, group, 'font-weight="bold"'))
    y += 8
    for (const bar of members) {
      lines.push(barAt(y, bar, barWidth / longest, baselineOf(members)))
      y += barHeight + gap
    }
  }
  const key = legend(new Set(bars.flatMap(({ shares }) => [...shares.keys()])), { x: left, y: y + 12, width: barWidth })
  y += 12 + key.height + 16
  lines.push(key.content, label(12, y, caption, 'fill="#555"'))
  return svg(left + barWidth + 110, y + 14, lines.join('\n'))
}

function baselineOf(members: readonly Bar[]): number | undefined {
  return members.length > 1 ? members.find(({ name }) => name === 'nginx')?.microsecondsPerRequest : undefined
}

function barAt(y: number, bar: Bar, scale: number, baseline: number | undefined): string {
  const middle = y + barHeight / 2 + 4
  const parts = [label(left - 10, middle, bar.name, 'text-anchor="end"')]
  let x = left
  for (const { id } of categories) {
    const microseconds = (bar.shares.get(id) ?? 0) * bar.microsecondsPerRequest
    const width = microseconds * scale
    if (width < 0.3) continue
    parts.push(segment(x, y, width, id, microseconds))
    x += width
  }
  const ratio = baseline === undefined ? '' : `  (${(bar.microsecondsPerRequest / baseline).toFixed(2)})`
  parts.push(label(x + 8, middle, `${bar.microsecondsPerRequest.toFixed(1)}${ratio}`, 'font-weight="bold"'))
  return parts.join('\n')
}

function segment(x: number, y: number, width: number, category: Category, microseconds: number): string {
  const name = categories.find(({ id }) => id === category)?.label ?? category
  const title = `<title>${escaped(name)}: ${microseconds.toFixed(2)} us</title>`
  const box = `x="${short(x)}" y="${y}" width="${short(width)}" height="${barHeight}" fill="${colourOf(category)}"`
  const rect = `<rect ${box} stroke="#fff" stroke-width="0.6">${title}</rect>`
  if (width < 24) return rect
  return rect + label(x + width / 2, y + barHeight / 2 + 4, microseconds.toFixed(1), 'text-anchor="middle"')
}
