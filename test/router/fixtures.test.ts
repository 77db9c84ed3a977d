import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildRoutingTable } from '../../src/router/build.ts'
import type { BuildOptions } from '../../src/router/build-input.ts'
import { explain } from '../../src/router/explain.ts'
import { formatTable } from '../../src/router/format.ts'
import { parseHostHeader } from '../../src/router/host-name.ts'
import { match } from '../../src/router/match.ts'
import { normalisePath } from '../../src/router/normalise-path.ts'
import type { Route, RoutingTable } from '../../src/router/table.ts'
import { applyChanges, diffObjects, emptyClusterState } from '../../src/watch/cluster-state.ts'
import { parseManifest } from '../../src/watch/parse-manifest.ts'
import { certificate, input, options, question } from './inputs.ts'

// A case is a pair of files: NAME.yaml with the objects, NAME.routes with the table and the problems it makes.
// Comments at the start of the YAML say the rest, one a line:
//   # request: HOST/PATH -> BACKEND, or 404, 400, or the status of a fixed answer
//   # option: {"disableCatchAll": true}
//   # certificate: namespace/secret = name, name
//   # address: name = 10.0.0.1, 10.0.0.2
// `vitest run --update=all test/router` writes the .routes files anew (`-u` would take the folder for its value): read what it changed.

const folder = new URL('../fixtures/routing/', import.meta.url)
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length))
  .sort()

describe('routing cases', () => {
  it.each(names)('%s', async (name) => {
    const text = readFileSync(new URL(`${name}.yaml`, folder), 'utf8')
    const { objects, problems } = parseManifest(text, `${name}.yaml`)
    expect(problems).toEqual([])
    const state = applyChanges(emptyClusterState, diffObjects(emptyClusterState, objects))
    const wanted: Partial<BuildOptions> = Object.assign(
      {},
      ...directives(text, 'option').map((json) => JSON.parse(json)),
    )
    const certificates = new Map(pairs(text, 'certificate').map(([key, sans]) => [key, certificate(key, sans)]))
    const externalAddresses = new Map(pairs(text, 'address'))
    const build = buildRoutingTable(input(state, { certificates, externalAddresses }), { ...options, ...wanted })
    await expect(formatTable(build.table, build.problems)).toMatchFileSnapshot(
      new URL(`${name}.routes`, folder).pathname,
    )
    const requests = directives(text, 'request').map((line) => line.split(' -> '))
    const answers = requests.map(([url = '']) => [url, answer(build.table, url)])
    expect(answers).toEqual(requests)
  })
})

function directives(text: string, name: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.startsWith(`# ${name}: `) ? [line.slice(name.length + 4)] : []))
}

function pairs(text: string, name: string): readonly (readonly [string, readonly string[]])[] {
  return directives(text, name).map((line) => {
    const [key = '', values = ''] = line.split(' = ')
    return [key, values.split(', ')]
  })
}

function answer(table: RoutingTable, url: string): string {
  const slash = url.indexOf('/')
  const host = parseHostHeader(url.slice(0, slash))
  const path = normalisePath(url.slice(slash))
  if (host === undefined || path === undefined) return '400'
  const asked = question(host, path.match)
  const route = match(table, asked)
  const { outcome } = explain(table, asked)
  expect(outcome.kind === 'route' ? outcome.route : undefined).toBe(route)
  return route === undefined ? '404' : describeAction(route)
}

function describeAction({ action }: Route): string {
  return action.kind === 'forward' ? action.backends.map(({ backend }) => backend).join(', ') : String(action.status)
}
