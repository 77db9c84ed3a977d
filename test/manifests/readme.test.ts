import { readdirSync, readFileSync } from 'node:fs'
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { manifestsFolder, overlays } from './kustomize.ts'

const read = (name: string) => readFileSync(join(manifestsFolder, name), 'utf8')

// RFC 5737 and RFC 3849.
const documentation = new BlockList()
documentation.addSubnet('198.51.100.0', 24)
documentation.addSubnet('203.0.113.0', 24)
documentation.addSubnet('2001:db8::', 32, 'ipv6')

function isForeign(word: string): boolean {
  if (isIPv4(word)) return !documentation.check(word)
  return isIPv6(word) && !documentation.check(word, 'ipv6')
}

describe('the pages about manifests', () => {
  it.each(overlays())('%s tells when to choose it, the client address, the path, and the line to apply', (name) => {
    const page = read(`overlays/${name}/README.md`)
    const lines = page.split('\n').filter((line) => line.startsWith('- '))
    expect(lines.map((line) => /^- \*\*([^*:]+)/.exec(line)?.[1])).toEqual([
      'Choose it',
      "Client's address",
      'Path',
      'Mind',
      'Apply',
    ])
    expect(lines[2]).toMatch(/`client .*-> .*Headgate pod.* -> app pod.*`$/)
    expect(lines[4]).toBe(`- **Apply:** \`kubectl apply -k manifests/overlays/${name}\``)
  })

  it('link every overlay from the table, and no other', () => {
    const linked = [...read('README.md').matchAll(/\]\(overlays\/([^/]+)\/README\.md\)/g)].map((match) => match[1])
    expect(linked.toSorted()).toEqual([...overlays()])
  })

  it('and the manifests name addresses of the documentation ranges only', () => {
    const files = readdirSync(manifestsFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(ya?ml|md)$/.test(name),
    )
    const words = files.flatMap((name) => read(name).split(/[\s,/\-"'`()[\]=|]+/))
    expect(words.filter((word) => isIPv4(word) || isIPv6(word)).length).toBeGreaterThan(10)
    expect(words.filter(isForeign)).toEqual([])
  })
})
