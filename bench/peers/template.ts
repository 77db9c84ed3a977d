import { readFile } from 'node:fs/promises'

/** Fills the placeholders `{{name}}` of a file beside this one. A name that is not known is a mistake in the file. */
export async function fillTemplate(file: string, values: Readonly<Record<string, string | number>>): Promise<string> {
  return fill(await readTemplate(file), file, values)
}

export function readTemplate(file: string): Promise<string> {
  return readFile(new URL(file, import.meta.url), 'utf8')
}

export function fill(text: string, file: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`${file} has a placeholder that nobody fills: ${name}`)
    return String(value)
  })
}

/** Values for the placeholders before a line: it counts or is a comment. */
export function switches(isOn: boolean): { readonly on: string; readonly off: string } {
  return isOn ? { on: '', off: '# ' } : { on: '# ', off: '' }
}
