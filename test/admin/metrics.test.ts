import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/admin/metrics.ts'
import type { MetricsInput } from '../../src/admin/metrics-input.ts'
import type { Problem } from '../../src/problem.ts'
import { Counters, durationBounds } from '../../src/proxy/counters.ts'
import type { Certificate } from '../../src/router/table.ts'
import { fullInput, type ParsedSample, parseMetrics, route } from './metrics-input.ts'

async function scrape(changed: Partial<MetricsInput>) {
  const families = parseMetrics(await createMetrics({ read: () => fullInput(changed) }).text())
  return (name: string): readonly ParsedSample[] => families.get(name)?.samples ?? []
}

describe('metrics of traffic', () => {
  it('count requests by route, method and class of status', async () => {
    const counters = new Counters()
    for (const status of [200, 204, 499, 502]) counters.countRequest(route, 'GET', status, 0.1)
    counters.countRequest(route, 'PROPFIND', 200, 0.1)
    counters.countRequest(undefined, 'GET', 404, 0.1)
    const labels = { host: 'shop.example.com', namespace: 'shop', ingress: 'web', service: 'web' }
    const none = { host: '', namespace: '', ingress: '', service: '' }
    const samples = (await scrape({ counters: counters.snapshot() }))('headgate_requests_total')
    const name = 'headgate_requests_total'
    expect(samples).toHaveLength(5)
    expect(samples).toEqual(
      expect.arrayContaining([
        { name, labels: { ...labels, method: 'GET', status: '2xx' }, value: 2 },
        { name, labels: { ...labels, method: 'GET', status: '4xx' }, value: 1 },
        { name, labels: { ...labels, method: 'GET', status: '5xx' }, value: 1 },
        { name, labels: { ...labels, method: 'other', status: '2xx' }, value: 1 },
        { name, labels: { ...none, method: 'GET', status: '4xx' }, value: 1 },
      ]),
    )
  })

  it('put durations into cumulative buckets, with sum and count', async () => {
    const counters = new Counters()
    for (const seconds of [0.001, 0.005, 0.3, 60]) counters.countRequest(route, 'GET', 200, seconds)
    const samples = (await scrape({ counters: counters.snapshot() }))('headgate_request_duration_seconds')
    const buckets = samples
      .filter(({ name }) => name.endsWith('_bucket'))
      .map(({ labels, value }) => [labels['le'], value])
    const expected = durationBounds.map((bound) => [String(bound), bound < 0.5 ? 2 : 3])
    expect(buckets).toEqual([...expected, ['+Inf', 4]])
    expect(samples.find(({ name }) => name.endsWith('_sum'))?.value).toBeCloseTo(60.306)
    expect(samples.find(({ name }) => name.endsWith('_count'))?.value).toBe(4)
  })

  it('show what is open now, errors by reason and retries', async () => {
    const counters = new Counters()
    counters.connections = 5
    counters.requestsInFlight = 3
    counters.tunnels = 2
    counters.retries = 4
    counters.upstreamErrors['connect-refused'] = 6
    const samples = await scrape({ counters: counters.snapshot() })
    expect(samples('headgate_connections')[0]?.value).toBe(5)
    expect(samples('headgate_requests_in_flight')[0]?.value).toBe(3)
    expect(samples('headgate_tunnels')[0]?.value).toBe(2)
    expect(samples('headgate_upstream_retries_total')[0]?.value).toBe(4)
    const errors = samples('headgate_upstream_errors_total')
    expect(errors).toHaveLength(10)
    expect(errors.find(({ labels }) => labels['reason'] === 'connect-refused')?.value).toBe(6)
  })

  it('come as they went in, whatever the labels', async () => {
    let input = fullInput()
    const metrics = createMetrics({ read: () => input })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (host, name) => {
        const counters = new Counters()
        counters.countRequest({ ...route, host, origin: { ...route.origin, name } }, 'GET', 200, 1)
        input = { ...input, counters: counters.snapshot() }
        const sample = parseMetrics(await metrics.text()).get('headgate_requests_total')?.samples[0]
        expect(sample?.labels).toMatchObject({ host, ingress: name })
      }),
    )
  })

  it('of thousands of series are all there', async () => {
    const counters = new Counters()
    for (let i = 0; i < 3_000; i++) counters.countRequest({ ...route, host: `h${i}.example.com` }, 'GET', 200, 1)
    const samples = await scrape({ counters: counters.snapshot() })
    expect(samples('headgate_requests_total')).toHaveLength(3_000)
    expect(samples('headgate_request_duration_seconds')).toHaveLength(3_000 * (durationBounds.length + 3))
  })
})

describe('metrics of the control plane', () => {
  const problem: Problem = {
    object: { kind: 'Ingress', namespace: 'shop', name: 'web' },
    field: 'spec',
    reason: 'InvalidPath',
    message: '',
    instead: '',
  }

  it('count problems by kind, namespace and reason', async () => {
    const other: Problem = { ...problem, object: { ...problem.object, namespace: 'blog' } }
    const samples = (await scrape({ problems: [problem, other, problem] }))('headgate_problems')
    expect(samples.map(({ labels, value }) => [labels['kind'], labels['namespace'], labels['reason'], value])).toEqual([
      ['Ingress', 'shop', 'InvalidPath', 2],
      ['Ingress', 'blog', 'InvalidPath', 1],
    ])
  })

  it('stay few however many namespaces have problems, and lose none of them', async () => {
    const problems = Array.from({ length: 5_000 }, (_, index): Problem => {
      return { ...problem, object: { ...problem.object, namespace: `n${index % 2_500}` } }
    })
    const samples = (await scrape({ problems }))('headgate_problems')
    expect(samples.length).toBeLessThanOrEqual(1_001)
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(5_000)
  })

  function certificate(source: string, notAfter: number): Certificate {
    return { id: source, certPem: '', keyPem: '', names: [], notBefore: 0, notAfter, source }
  }

  it('tell when certificates expire: those that do first, each once', async () => {
    const certificates = new Map<string, Certificate>()
    for (let index = 0; index < 2_000; index++) {
      const one = certificate(`shop/tls-${index}`, 1_000 * (9_000 - index))
      certificates.set(`a${index}.example`, one).set(`b${index}.example`, one)
    }
    const samples = await scrape({ certificates })
    const expiry = samples('headgate_certificate_expiry_timestamp_seconds')
    expect(expiry).toHaveLength(1_000)
    expect(expiry[0]).toMatchObject({ labels: { namespace: 'shop', secret: 'tls-1999' }, value: 7_001 })
    expect(samples('headgate_certificates')[0]?.value).toBe(2_000)
  })

  it('name the generated certificate, which has no namespace', async () => {
    const samples = await scrape({ certificates: new Map([['', certificate('(generated)', 5_000)]]) })
    expect(samples('headgate_certificate_expiry_timestamp_seconds')).toMatchObject([
      { labels: { namespace: '', secret: '(generated)' }, value: 5 },
    ])
  })

  it('leave out times that there are none of yet', async () => {
    const samples = await scrape({
      ready: false,
      config: { generation: 0, lastSuccess: undefined, lastBuildSeconds: undefined },
      controlPlane: { connected: false, lastContact: undefined },
    })
    expect(samples('headgate_ready')[0]?.value).toBe(0)
    expect(samples('headgate_control_plane_connected')[0]?.value).toBe(0)
    expect(samples('headgate_config_last_success_timestamp_seconds')).toEqual([])
    expect(samples('headgate_control_plane_last_contact_timestamp_seconds')).toEqual([])
  })
})

describe('a scrape', () => {
  it('shows the moment it is made in', async () => {
    let generation = 1
    const metrics = createMetrics({ read: () => fullInput({ config: { ...fullInput().config, generation } }) })
    expect(await metrics.text()).toMatch(/^headgate_config_generation 1$/m)
    generation = 2
    expect(await metrics.text()).toMatch(/^headgate_config_generation 2$/m)
  })

  it('is shared by those who ask at the same time', async () => {
    let reads = 0
    const metrics = createMetrics({
      read: () => {
        reads++
        return fullInput()
      },
    })
    const texts = await Promise.all([metrics.text(), metrics.text(), metrics.text()])
    expect(new Set(texts).size).toBe(1)
    expect(reads).toBe(1)
    await metrics.text()
    expect(reads).toBe(2)
  })

  it('fails alone: the next one is made anew', async () => {
    let fails = true
    const metrics = createMetrics({
      read: async () => {
        if (fails) throw new Error('no worker answers')
        return fullInput()
      },
    })
    await expect(metrics.text()).rejects.toThrow('no worker answers')
    fails = false
    expect(await metrics.text()).toContain('headgate_ready 1')
  })
})
