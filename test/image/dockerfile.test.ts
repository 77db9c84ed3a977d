import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { contents, imageConfig } from '../../image/contents.ts'
import { at, list } from '../manifests/object.ts'
import { parsePairs, parseStages, texts } from './dockerfile.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string) => readFileSync(join(root, name), 'utf8')

const stages = parseStages(read('Dockerfile'))
const last = stages.at(-1) ?? []

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

describe('the Dockerfile and npm run image', () => {
  const { version } = JSON.parse(read('package.json'))
  const config = imageConfig({ version, revision: '$REVISION' })

  it('give the process the same user, folder, command line and ports', () => {
    expect({
      user: texts(last, 'USER'),
      workingDirectory: texts(last, 'WORKDIR'),
      // Exec form, without a shell: signals reach Node itself.
      entrypoint: texts(last, 'ENTRYPOINT').map((text) => JSON.parse(text)),
      command: texts(last, 'CMD').map((text) => JSON.parse(text)),
      exposedPorts: texts(last, 'EXPOSE').flatMap((text) => text.split(' ').map((port) => `${port}/tcp`)),
    }).toEqual({
      user: [config.user],
      workingDirectory: [config.workingDirectory],
      entrypoint: [config.entrypoint],
      command: [config.command],
      exposedPorts: config.exposedPorts,
    })
  })

  it('set the same environment, but for the PATH that comes with the image of Node', () => {
    const { PATH, ...own } = config.environment
    expect(PATH?.split(':')).toContain('/usr/local/bin')
    expect(parsePairs(texts(last, 'ENV').join(' '))).toEqual(own)
  })

  it('have the same labels', () => {
    expect(parsePairs(texts(last, 'LABEL').join(' '))).toEqual(config.labels)
  })

  it('copy the same files to the same places', () => {
    const copied = texts(last, 'COPY').flatMap((text) => {
      const parts = text.replace(/^--from=\S+ \/app\//, '').split(' ')
      const target = parts.at(-1)
      return parts.slice(0, -1).map((source) => (target === './' ? [source, source] : [source, target]))
    })
    expect(copied).toEqual(contents.copied.map((path) => [path, path]))
  })

  it('install the same packages and leave the same files of them out', () => {
    const runs = stages.flatMap((stage) => texts(stage, 'RUN'))
    const install = runs.find((text) => text.includes('--omit=dev')) ?? ''
    expect([...install.matchAll(/--(?!no-)\S+/g)].map(String)).toEqual(contents.installFlags)
    expect([...install.matchAll(/-name '([^']+)'/g)].map(([, pattern]) => pattern)).toEqual(contents.unusedFiles)
    expect(/rm -rf (.*?) &&/.exec(install)?.[1]?.trim().split(' ')).toEqual(contents.unusedPaths)
  })
})
