import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, list } from './object.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string) => readFileSync(join(root, name), 'utf8')

type Instruction = { readonly name: string; readonly text: string }

/** The stages of a Dockerfile, each beginning with its FROM. */
function parseStages(text: string): readonly (readonly Instruction[])[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const stages: Instruction[][] = []
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push({ name, text: rest })
  }
  return stages
}

const stages = parseStages(read('Dockerfile'))
const last = stages.at(-1) ?? []
const texts = (instructions: readonly Instruction[], name: string) =>
  instructions.filter((instruction) => instruction.name === name).map((instruction) => instruction.text)

/** Negative when `a` is the older version. */
function compareVersions(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((part, place) => part !== b[place])
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0)
}

describe('the Dockerfile', () => {
  // 26.13.1 is the first 26 without seven holes of severity High in http2, http and tls.
  it('starts every stage from a Node that is pinned at or above the security floor', () => {
    const versions = stages.flat().flatMap(({ name, text }) => {
      if (name !== 'FROM') return []
      const version = /^node:(\d+)\.(\d+)\.(\d+)-\S+/.exec(text)?.slice(1).map(Number)
      return [version]
    })
    expect(versions.length).toBeGreaterThan(1)
    expect(versions.filter((version) => version === undefined || compareVersions(version, [26, 13, 1]) < 0)).toEqual([])
    expect(new Set(versions.map(String)).size).toBe(1)
  })

  it('runs as the user that the pods ask for, which is not root', () => {
    const deployment: unknown = parse(read('manifests/base/deployment.yaml'))
    const pod = at(deployment, 'spec.template.spec.securityContext')
    expect(texts(last, 'USER')).toEqual([`${at(pod, 'runAsUser')}:${at(pod, 'runAsGroup')}`])
    expect(at(pod, 'runAsUser')).toBe(65532)
  })

  it('takes its packages from a stage without development or optional ones, by the lock file, running no scripts', () => {
    const from = last.flatMap(({ text }) => /^--from=(\S+) \/app\/node_modules /.exec(text)?.[1] ?? [])
    const stage = stages.find(([first]) => first?.text.endsWith(` AS ${from[0]}`)) ?? []
    const install = texts(stage, 'RUN').join(' ')
    expect(from).toHaveLength(1)
    for (const word of ['npm ci', '--omit=dev', '--omit=optional', '--workspaces=false', '--ignore-scripts']) {
      expect(install).toContain(word)
    }
    const npm = stages
      .flatMap((each) => texts(each, 'RUN'))
      .flatMap((run) => [...run.matchAll(/(?<!\/)\bnpm \S+/g)].map(String))
    expect(npm.toSorted()).toEqual(['npm ci', 'npm ci', 'npm run'])
  })

  it('starts Node itself, without a shell, so that signals reach it', () => {
    expect(texts(last, 'ENTRYPOINT')).toEqual(['["node", "dist/main.js"]'])
    expect(texts(last, 'CMD')).toEqual(['["serve"]'])
  })

  it('opens the ports that the pods name', () => {
    const deployment: unknown = parse(read('manifests/base/deployment.yaml'))
    const ports = list(at(deployment, 'spec.template.spec.containers.0.ports')).map((port) => at(port, 'containerPort'))
    expect(texts(last, 'EXPOSE')).toEqual([ports.join(' ')])
  })

  it('gets exactly the files that .dockerignore lets through', () => {
    const sent = read('.dockerignore')
      .split('\n')
      .flatMap((line) => /^!(.+)$/.exec(line)?.[1] ?? [])
    const copied = stages
      .flatMap((stage) => texts(stage, 'COPY'))
      .filter((text) => !text.startsWith('--from='))
      .flatMap((text) => text.split(' ').slice(0, -1))
    expect([...new Set(copied)].toSorted()).toEqual(sent.toSorted())
  })

  it('bears the version of the package, as the manifests do', () => {
    const version = at(JSON.parse(read('package.json')), 'version')
    const base: unknown = parse(read('manifests/base/kustomization.yaml'))
    expect(texts(last, 'LABEL').join(' ')).toContain(`org.opencontainers.image.version="${version}"`)
    expect(at(base, 'images.0.newTag')).toBe(version)
  })
})
