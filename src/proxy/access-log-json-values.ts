import { escapeSpecial, isSpecial, startWithin } from './access-log-escape.ts'

// What stands between the commas of a line of JSON.

/** Bytes above 127 came as the characters of Latin-1 with their numbers (RFC 9110 section 5.5), and stay readable as such. */
export function escaped(text: string): string {
  return escapeSpecial(text, escapedUnit)
}

function escapedUnit(unit: string): string {
  if (unit === '"' || unit === '\\') return `\\${unit}`
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The longest start of the text that takes no more bytes than this in a line. */
export function cutText(text: string, bytes: number): string {
  const start = text.slice(0, Math.max(bytes, 0))
  // A client can ask for the slow way with every request; this is what most of them get.
  if (!isSpecial(start)) return start
  return startWithin(text, bytes, (unit) => escaped(unit).length)
}

let millisecond = Number.NaN
let textOfMillisecond = ''

/** Under load, several lines fall into one. */
export function isoTime(time: number): string {
  if (time !== millisecond) {
    millisecond = time
    textOfMillisecond = new Date(time).toISOString()
  }
  return textOfMillisecond
}

const leading = ['0.000000', '0.00000', '0.0000', '0.000', '0.00', '0.0', '0.'] as const

/** To the microsecond. Numbers with a fraction take V8 several times as long as whole ones. */
export function seconds(duration: number): string {
  const microseconds = Math.round(duration * 1e6)
  if (microseconds >= 1e6) return `${microseconds / 1e6}`
  const digits = `${microseconds}`
  return `${leading[digits.length]}${digits}`
}
