import { maxLineBytes } from './log-output.ts'

/** Characters of each text in a line that is too long, one attempt after the other. One takes up to six bytes: \u0000. */
const roomForTexts = [1_500, 700, 250, 60]
const mostValues = 20

/** A line of JSON of at most `maxLineBytes` of UTF-8: texts of one that is longer are cut, then whole fields left out. */
export function shortLogLine(line: string): string {
  if (line.length * 3 <= maxLineBytes || Buffer.byteLength(line) <= maxLineBytes) return line
  const fields: Record<string, unknown> = JSON.parse(line)
  for (const room of roomForTexts) {
    const shorter = `${JSON.stringify({ ...fields, cut: true }, cutTo(room))}\n`
    if (Buffer.byteLength(shorter) <= maxLineBytes) return shorter
  }
  const { level, time, message } = fields
  return `${JSON.stringify({ level, time, message, cut: true }, cutTo(roomForTexts.at(-1) ?? 0))}\n`
}

function cutTo(room: number): (key: string, value: unknown) => unknown {
  return (_key, value) => {
    if (typeof value === 'string' && value.length > room) return `${value.slice(0, room)} (cut)`
    return Array.isArray(value) && value.length > mostValues ? [...value.slice(0, mostValues), '(cut)'] : value
  }
}
