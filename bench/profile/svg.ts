import { type Category, categories } from './categories.ts'

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A picture that stands alone: white below it, so that it can be read on a dark page. */
export function svg(width: number, height: number, content: string): string {
  const fonts = 'font-family="Helvetica, Arial, sans-serif" font-size="11"'
  const box = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} ${fonts}>\n<rect width="100%" height="100%" fill="#fff"/>\n${content}\n</svg>\n`
}

export function label(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${short(x)}" y="${short(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escaped(text)}</text>`
}

/** Every digit is a byte in a file with a thousand boxes. */
export function short(value: number): string {
  return String(Number(value.toFixed(1)))
}

export function colourOf(category: Category): string {
  return categories.find(({ id }) => id === category)?.colour ?? '#fff'
}

/** What the colours mean, of those that occur; `height` tells how much of the picture it takes. */
export function legend(
  wanted: ReadonlySet<Category>,
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
): { readonly content: string; readonly height: number } {
  const column = 170
  const columns = Math.max(1, Math.floor(width / column))
  const shown = categories.filter(({ id }) => wanted.has(id))
  const content = shown.map((each, i) => {
    const [left, top] = [x + (i % columns) * column, y + Math.floor(i / columns) * 18]
    const box = `<rect x="${left}" y="${top}" width="12" height="12" fill="${each.colour}"/>`
    return box + label(left + 17, top + 10, each.label)
  })
  return { content: content.join('\n'), height: Math.ceil(shown.length / columns) * 18 }
}
