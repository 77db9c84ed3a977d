import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from '../log.ts'
import { formatProblem, type Problem } from '../problem.ts'
import { applyChanges, type ClusterState, diffObjects, emptyClusterState } from './cluster-state.ts'
import { describe, isMissing, type Listing, listManifests, type ManifestFile } from './manifest-files.ts'
import { mergeManifests } from './merge-manifests.ts'
import { badManifest, type Manifest, parseManifest } from './parse-manifest.ts'
import type { ConnectionStatus, Source, SourceEvents } from './source.ts'

export type FolderSourceOptions = {
  /** Folders, read with all below them, or files. */
  readonly paths: readonly string[]
  readonly events: SourceEvents
  readonly logger: Logger
  /** Milliseconds between a change and the reading, as an editor or a checkout changes several files at once. */
  readonly holdOffMs?: number
  /** Milliseconds between two sweeps. They find what the file system does not report: network mounts, link targets. */
  readonly sweepMs?: number
}

type FileRecord = { readonly version: string; readonly manifest: Manifest }

const emptyManifest: Manifest = { objects: [], problems: [], broken: false }

// An editor that writes in place empties the file first; what stays empty for this long is meant to be.
const emptyForMs = 1_000

export class FolderSource implements Source {
  readonly #options: Required<FolderSourceOptions>
  #records: ReadonlyMap<string, FileRecord> = new Map()
  #state: ClusterState | undefined
  #problems = ''
  #unreadable = ''
  #lastContactMs: number | undefined
  readonly #watchers = new Map<string, FSWatcher>()
  #wake: () => void = () => {}

  constructor(options: FolderSourceOptions) {
    this.#options = { holdOffMs: 50, sweepMs: 750, ...options }
  }

  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const changed = this.#nextChange(signal)
      await this.#read(signal)
      await changed
    }
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  connection(): ConnectionStatus {
    return { connected: this.#lastContactMs !== undefined, lastContactMs: this.#lastContactMs, kinds: [] }
  }

  /** Resolves some time after the file system reports something, or when the next sweep is due. */
  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(sweep)
        clearTimeout(holdOff)
        signal.removeEventListener('abort', done)
        this.#wake = () => {}
        resolve()
      }
      let holdOff: NodeJS.Timeout | undefined
      const sweep = setTimeout(done, this.#options.sweepMs)
      this.#wake = () => {
        holdOff ??= setTimeout(done, this.#options.holdOffMs)
      }
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }

  async #read(signal: AbortSignal): Promise<void> {
    const listing = await listManifests(this.#options.paths)
    const records = new Map<string, FileRecord>()
    for (const file of listing.files) {
      const record = await this.#readFile(file)
      if (record !== undefined) records.set(file.path, record)
    }
    if (signal.aborted) return
    this.#watchFolders(listing)
    const isFirst = this.#lastContactMs === undefined
    this.#lastContactMs = Date.now()
    const unreadable = listing.problems.map(formatProblem).join('\n')
    if (isFirst || unreadable !== this.#unreadable || !isSameRecords(records, this.#records)) {
      this.#records = records
      this.#unreadable = unreadable
      this.#report(listing.problems)
    }
    if (isFirst) this.#options.events.onConnection(this.connection())
  }

  async #readFile(file: ManifestFile): Promise<FileRecord | undefined> {
    const old = this.#records.get(file.path)
    if (old?.version === file.version) return old
    if (old !== undefined && file.size === 0 && Date.now() - file.modifiedMs < emptyForMs) return old
    try {
      const manifest = parseManifest(await readFile(file.path, 'utf8'), file.path)
      return {
        version: file.version,
        manifest: manifest.broken && old ? keepLastGood(manifest, old.manifest) : manifest,
      }
    } catch (error) {
      if (isMissing(error)) return undefined
      const manifest = { ...emptyManifest, broken: true, problems: [badManifest(file.path, 1, describe(error))] }
      return { version: 'unread', manifest: old ? keepLastGood(manifest, old.manifest) : manifest }
    }
  }

  #report(listingProblems: readonly Problem[]): void {
    const merged = mergeManifests([...this.#records].map(([path, { manifest }]) => [path, manifest]))
    const problems = [...listingProblems, ...merged.problems]
    const old = this.#state ?? emptyClusterState
    const state = applyChanges(old, diffObjects(old, merged.objects))
    const text = problems.map(formatProblem).join('\n')
    if (state === this.#state && text === this.#problems) return
    this.#state = state
    this.#problems = text
    this.#options.events.onState(state, problems)
  }

  #watchFolders({ folders, files }: Listing): void {
    const wanted = new Set([...folders, ...files.map(({ path }) => dirname(path))])
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of wanted) this.#watchFolder(folder)
  }

  #watchFolder(folder: string): void {
    if (this.#watchers.has(folder)) return
    const forget = () => {
      this.#watchers.get(folder)?.close()
      this.#watchers.delete(folder)
    }
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        // A folder that was replaced reports its own name; its watcher goes on looking at the old one.
        if (event === 'rename' && name !== null && folder.endsWith(`/${name}`)) forget()
        this.#wake()
      })
      watcher.on('error', forget)
      this.#watchers.set(folder, watcher)
      this.#wake()
    } catch (error) {
      // Without a watcher (too many of them, no such thing on this file system) the sweeps still find every change.
      this.#options.logger.debug({ folder, error }, 'folder is not watched')
    }
  }
}

type Records = ReadonlyMap<string, FileRecord>

function isSameRecords(a: Records, b: Records): boolean {
  return a.size === b.size && [...a].every(([path, record]) => b.get(path) === record)
}

/** Half-written files are common, and no reason to take routes away. */
function keepLastGood(broken: Manifest, old: Manifest): Manifest {
  const problems = broken.problems.map((problem) => ({
    ...problem,
    instead: 'the objects of this file stay as they were last read',
  }))
  return { objects: old.objects, problems, broken: true }
}
