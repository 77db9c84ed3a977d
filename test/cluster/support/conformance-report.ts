import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

const page = join(import.meta.dirname, '../../../docs/conformance/ingress.md')

export type CaseResult = {
  readonly feature: string
  readonly name: string
  readonly result: 'passed' | 'failed'
}

export type ConformanceRun = {
  readonly headgateVersion: string
  readonly kubernetesVersion: string
  readonly results: readonly CaseResult[]
}

/** Writes the page where HEADGATE_WRITE_REPORTS is 1. Otherwise it must have these cases with these results. */
export function publishConformance(run: ConformanceRun): void {
  if (process.env['HEADGATE_WRITE_REPORTS'] === '1') writeFileSync(page, pageOf(run))
  const rows = [...readFileSync(page, 'utf8').matchAll(/^\| ([^|]+) \| `([^`]+)` \| (passed|failed) \|$/gm)]
  const published = rows.map(([, feature, name, result]) => ({ feature, name, result }))
  expect(published).toEqual(run.results)
}

function pageOf({ headgateVersion, kubernetesVersion, results }: ConformanceRun): string {
  const passed = results.filter(({ result }) => result === 'passed').length
  return `# Ingress conformance

Headgate ${headgateVersion} on Kubernetes ${kubernetesVersion}: ${passed} of ${results.length} cases passed.

These are all cases of [kubernetes-sigs/ingress-controller-conformance](https://github.com/kubernetes-sigs/ingress-controller-conformance)
(\`@conformance @release-1.19\`, last changed in 2021), with its hosts, paths and assertions, written anew in
\`test/cluster/conformance.test.ts\`. Headgate is deployed from its own manifests with two replicas, and the client outside the cluster asks
it by its NodePort. Each case asserts the status, the Service that answered, and what it saw: method, path, host, HTTP/1.1. The cases of the
default backend also assert that the answer has \`Content-Length\`, \`Content-Type\`, \`Date\` and \`Server\`; the one with https, that the
certificate is that of the Ingress and fits the name. Before the cases of a feature, its Ingress must have an address in its status.

| feature | case | result |
|---|---|---|
${results.map(({ feature, name, result }) => `| ${feature} | \`${name}\` | ${result} |`).join('\n')}

Written by \`HEADGATE_WRITE_REPORTS=1 npm run test:cluster -- conformance\`; every other run fails where its cases or results differ from these.
`
}
