/** All but printable ASCII without quote and backslash. One class, which V8 searches for faster than for alternatives. */
const special = /[^ !#-[\]-~]/
const everySpecial = new RegExp(special, 'g')

export function isSpecial(text: string): boolean {
  return special.test(text)
}

/** The text with each special character as `escapedUnit` writes it. */
export function escapeSpecial(text: string, escapedUnit: (unit: string) => string): string {
  return special.test(text) ? text.replace(everySpecial, escapedUnit) : text
}

/** The longest start of the text whose characters take no more bytes than this, one by one. */
export function startWithin(text: string, bytes: number, bytesOf: (unit: string) => number): string {
  let length = 0
  for (let taken = 0; length < text.length; length++) {
    taken += bytesOf(text.charAt(length))
    if (taken > bytes) break
  }
  return text.slice(0, length)
}
