/**
 * The same latin1 text in one piece. What `+` makes is a tree of its parts, and stays one: a text that is kept and written out again
 * and again would be gathered from all of them each time.
 */
export function flatText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
