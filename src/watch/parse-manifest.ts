import { LineCounter, parseAllDocuments } from 'yaml'
import { isRecord } from '../is-record.ts'
import type { Problem } from '../problem.ts'
import type { ClusterObject } from './objects.ts'
import { apiVersionOf, isKind, readObject } from './read-object.ts'

export type Manifest = {
  readonly objects: readonly ClusterObject[]
  readonly problems: readonly Problem[]
  /** A part of the text is no YAML or JSON, so that nobody can tell which objects it was meant to hold. */
  readonly broken: boolean
}

/** Lines count from 1. */
type ManifestDocument = { readonly line: number; readonly value: unknown }
type SyntaxMistake = { readonly line: number; readonly mistake: string }

/** The objects of one file, kinds that we do not read left out. A document with a mistake leaves the others as they are. */
export function parseManifest(text: string, file: string): Manifest {
  const parts = file.endsWith('.json') ? parseJson(text) : parseYaml(text)
  const objects: ClusterObject[] = []
  const problems: Problem[] = []
  for (const part of parts) {
    if ('mistake' in part) problems.push(badManifest(file, part.line, part.mistake))
    else collectObjects(part.value, (mistake) => problems.push(badManifest(file, part.line, mistake)), objects)
  }
  return { objects, problems, broken: parts.some((part) => 'mistake' in part) }
}

export function badManifest(file: string, line: number, mistake: string): Problem {
  return {
    object: { kind: 'File', namespace: '', name: file },
    field: `line ${line}`,
    reason: 'BadManifest',
    message: mistake,
    instead: 'this part of the file is left out',
  }
}

function parseJson(text: string): readonly (ManifestDocument | SyntaxMistake)[] {
  if (text.trim() === '') return []
  try {
    return [{ line: 1, value: JSON.parse(text) }]
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [{ line: findJsonLine(text, message), mistake: firstLine(message) }]
  }
}

// V8 tells the position of some mistakes only; a text that ends too early is at fault at its end.
function findJsonLine(text: string, message: string): number {
  const position = /position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return text.slice(0, Number(position)).split('\n').length
  return message.includes('end of JSON') ? text.trimEnd().split('\n').length : 1
}

function parseYaml(text: string): readonly (ManifestDocument | SyntaxMistake)[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, logLevel: 'silent' })
  return [...documents].map((document) => {
    const line = lines.linePos(document.contents?.range?.[0] ?? document.range[0]).line || 1
    const [error] = document.errors
    if (error !== undefined) return { line: error.linePos?.[0].line ?? line, mistake: firstLine(error.message) }
    try {
      return { line, value: document.toJS() }
    } catch (error) {
      // An alias without anchor, or aliases that blow up ("billion laughs"), shows only now.
      return { line, mistake: firstLine(error instanceof Error ? error.message : String(error)) }
    }
  })
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:$/, '')
}

function collectObjects(value: unknown, report: (mistake: string) => void, objects: ClusterObject[]): void {
  if (value === null || value === undefined) return
  if (!isRecord(value)) return report('an object with apiVersion, kind and metadata is expected here')
  const { kind, apiVersion, items } = value
  if (typeof kind !== 'string' || kind === '') return report('this object has no kind')
  if (kind.endsWith('List') && Array.isArray(items)) {
    // A typed list need not repeat kind and apiVersion in its items.
    const inherited = kind === 'List' ? {} : { kind: kind.slice(0, -'List'.length), apiVersion }
    for (const item of items) collectObjects(isRecord(item) ? { ...inherited, ...item } : item, report, objects)
    return
  }
  if (!isKind(kind)) return
  if (apiVersion === undefined) return report(`this ${kind} has no apiVersion; write ${apiVersionOf(kind)}`)
  if (apiVersion !== apiVersionOf(kind)) return reportOldVersion(kind, apiVersion, report)
  const object = readObject(kind, value)
  if (object === undefined) return report(`this ${kind} has no metadata.name`)
  objects.push(object)
}

/** Versions that Kubernetes has removed are mistakes; anything else is another group's kind of the same name. */
function reportOldVersion(kind: string, apiVersion: unknown, report: (mistake: string) => void): void {
  const removed = ['extensions/v1beta1', 'networking.k8s.io/v1beta1', 'discovery.k8s.io/v1beta1']
  if (!removed.includes(String(apiVersion)) || !isKind(kind)) return
  report(`${kind} ${String(apiVersion)} is no longer served by Kubernetes; write ${apiVersionOf(kind)}`)
}
