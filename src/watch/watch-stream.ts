import { isRecord } from '../is-record.ts'
import { toApiError } from './api-error.ts'

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: unknown; readonly resourceVersion: string }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

/** What came is no watch event, so something may be lost: only a new list can tell. */
export class WatchFormatError extends Error {}

/**
 * The events of a watch, in one batch per chunk. Chunks end anywhere, also within a character. A last line without its
 * end is left: a watch resumed from the event before gets it again. Throws ApiError for an ERROR event.
 */
export async function* readWatchEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly WatchEvent[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true })
    if (!text.includes('\n')) {
      rest += text
      yield []
      continue
    }
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* readLines(lines)
  }
}

/** What came before a bad line is given out before the error: it is good, and spares work if the next list fails. */
function* readLines(lines: readonly string[]): Generator<readonly WatchEvent[]> {
  const events: WatchEvent[] = []
  try {
    for (const line of lines) if (line.trim() !== '') events.push(readLine(line))
  } catch (error) {
    yield events
    throw error
  }
  yield events
}

function readLine(line: string): WatchEvent {
  const event = parseJson(line)
  if (!isRecord(event) || !isRecord(event['object'])) throw new WatchFormatError('a watch event without object')
  const { type, object } = event
  if (type === 'ERROR') throw toApiError(typeof object['code'] === 'number' ? object['code'] : 500, object)
  const { metadata } = object
  const resourceVersion = isRecord(metadata) ? metadata['resourceVersion'] : undefined
  if (typeof resourceVersion !== 'string') throw new WatchFormatError('a watch event without resourceVersion')
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object, resourceVersion }
    case 'BOOKMARK':
      return { type, resourceVersion }
    default:
      throw new WatchFormatError(`a watch event of type ${String(type)}`)
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new WatchFormatError('a watch event that is no JSON', { cause: error })
  }
}
