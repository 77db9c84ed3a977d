// Renders manifests/ the way a user's `kubectl apply -k` does, with one pinned kustomize: kubectl brings another version
// of it with every release.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from './object.ts'
import { asObject } from './object.ts'

const kustomizeVersion = 'v5.8.1'

export const manifestsFolder = fileURLToPath(new URL('../../manifests', import.meta.url))

/** The line that installs it where `findKustomize` looks. */
export const installLine = `GOBIN="$HOME/.cache/headgate/bin" go install sigs.k8s.io/kustomize/kustomize/v5@${kustomizeVersion}`

/** The program: the one in the cache first, since that one has the pinned version; undefined if there is none. */
export function findKustomize(): string | undefined {
  const folders = [join(homedir(), '.cache', 'headgate', 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, 'kustomize')).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there or not for us: the next folder is asked.
    return false
  }
}

/** Everything a user can apply, as paths below manifests/. */
export function renderable(): readonly string[] {
  return ['base', ...overlays().map((name) => `overlays/${name}`)]
}

export function overlays(): readonly string[] {
  return readdirSync(join(manifestsFolder, 'overlays')).sort()
}

/** Throws what kustomize says when the folder does not build. */
export function render(program: string, folder: string): readonly KubernetesObject[] {
  return parseObjects(execFileSync(program, ['build', join(manifestsFolder, folder)], { encoding: 'utf8' }))
}

/** As an overlay of the user's own, outside manifests/. */
export function renderWith(
  program: string,
  resources: readonly string[],
  components: readonly string[],
): readonly KubernetesObject[] {
  const toOurs = (path: string): string => `{manifests}/${path}`
  const overlay = { resources: resources.map(toOurs), components: components.map(toOurs) }
  return renderFiles(program, { 'kustomization.yaml': JSON.stringify(overlay) })
}

/** The files of an overlay of the user's own; `{manifests}` in them stands for the way to ours. */
export function renderFiles(program: string, files: Readonly<Record<string, string>>): readonly KubernetesObject[] {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'headgate-overlay-')))
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text.replaceAll('{manifests}', relative(folder, manifestsFolder)))
    }
    return parseObjects(execFileSync(program, ['build', folder], { encoding: 'utf8' }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Throws on text that is not YAML of objects with apiVersion, kind and name. */
export function parseObjects(yaml: string): readonly KubernetesObject[] {
  return parseAllDocuments(yaml).map((document) => asObject(document.toJS()))
}
