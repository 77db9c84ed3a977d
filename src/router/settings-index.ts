import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../problem.ts'
import type { ClusterState } from '../watch/cluster-state.ts'
import type { ConfigMap, ObjectKey } from '../watch/objects.ts'
import { readSettings } from './settings.ts'
import { defaultSettings, type Settings } from './table.ts'

/** Settings of the last table. */
export class SettingsIndex {
  readonly problems = new Map<ObjectKey, readonly Problem[]>()
  readonly #key: ObjectKey | undefined
  #configMap: ConfigMap | undefined
  #settings: Settings = defaultSettings

  constructor(key: ObjectKey | undefined) {
    this.#key = key
  }

  /** The same object as last time as long as it holds the same. */
  update({ configMaps }: ClusterState): Settings {
    const configMap = this.#key === undefined ? undefined : configMaps.get(this.#key)
    if (this.#key === undefined || configMap === this.#configMap) return this.#settings
    this.#configMap = configMap
    const { settings, problems } = readSettings(configMap)
    this.problems.set(this.#key, problems)
    if (!isDeepStrictEqual(this.#settings, settings)) this.#settings = settings
    return this.#settings
  }
}
