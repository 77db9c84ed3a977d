import { describe, expect, it } from 'vitest'
import { Balancer } from '../../src/proxy/balancer.ts'
import type { Backend, Endpoint } from '../../src/router/table.ts'

const endpoint = (n: number): Endpoint => ({ id: `10.0.0.${n}:80`, address: `10.0.0.${n}`, port: 80, zone: undefined })
const backend = (...numbers: number[]): Backend => ({
  id: 'default/app:80',
  namespace: 'default',
  service: 'app',
  port: '80',
  protocol: 'http',
  endpoints: numbers.map(endpoint),
  state: 'ok',
})

describe('round robin', () => {
  it('gives every endpoint its turn', () => {
    const balancer = new Balancer({ random: () => 0 })
    const picks = Array.from({ length: 6 }, () => balancer.pick(backend(1, 2, 3), [])?.address)
    expect(picks).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.1', '10.0.0.2', '10.0.0.3'])
  })

  it('goes on where it was when the backend is another object of the same id', () => {
    const balancer = new Balancer({ random: () => 0 })
    balancer.pick(backend(1, 2, 3), [])
    expect(balancer.pick(backend(1, 2, 3), [])?.address).toBe('10.0.0.2')
  })

  it('stays fair while the table is swapped between all requests', () => {
    const balancer = new Balancer()
    const counts = new Map<string, number>()
    for (let i = 0; i < 300; i++) {
      const address = balancer.pick(i % 2 === 0 ? backend(1, 2, 3) : backend(1, 2, 3, 4), [])?.address ?? ''
      counts.set(address, (counts.get(address) ?? 0) + 1)
    }
    expect(Math.min(...counts.values())).toBeGreaterThan(0)
    expect(counts.size).toBe(4)
  })

  it('leaves out what was tried, and gives up when everything was', () => {
    const balancer = new Balancer({ random: () => 0 })
    expect(balancer.pick(backend(1, 2), ['10.0.0.1:80'])?.address).toBe('10.0.0.2')
    expect(balancer.pick(backend(1, 2), ['10.0.0.1:80', '10.0.0.2:80'])).toBeUndefined()
    expect(balancer.pick(backend(), [])).toBeUndefined()
  })

  it('passes ejected endpoints by, evenly, and takes them where nobody else is left', () => {
    const ejected = new Set<string>()
    const balancer = new Balancer({ random: () => 0, ejected })
    const picks = (count: number, tried: readonly string[] = []) =>
      Array.from({ length: count }, () => balancer.pick(backend(1, 2, 3, 4), tried)?.address.slice(-1)).join('')
    expect(picks(2)).toBe('12')
    ejected.add('10.0.0.4:80')
    expect(picks(6)).toBe('312312')
    ejected.add('10.0.0.1:80').add('10.0.0.2:80')
    expect(picks(3)).toBe('333')
    expect(picks(1, ['10.0.0.3:80'])).toBe('4')
    ejected.add('10.0.0.3:80')
    expect(picks(4)).toBe('1234')
    ejected.clear()
    expect(picks(4)).toBe('1234')
  })

  it('begins elsewhere in every process', () => {
    expect(new Balancer({ random: () => 0.9 }).pick(backend(1, 2, 3), [])?.address).toBe('10.0.0.3')
  })
})

describe('choosing among weighted backends', () => {
  const weighted = (...weights: number[]) => weights.map((weight, i) => ({ backend: `b${i}`, weight }))

  it('follows the weights', () => {
    for (const [point, expected] of [
      [0, 'b0'],
      [0.74, 'b0'],
      [0.76, 'b1'],
      [0.99, 'b1'],
    ] as const) {
      expect(new Balancer({ random: () => point }).choose(weighted(3, 1))?.backend).toBe(expected)
    }
  })

  it('gives a weight of 0 nothing', () => {
    expect(new Balancer({ random: () => 0 }).choose(weighted(0, 1))?.backend).toBe('b1')
    expect(new Balancer().choose(weighted(0))).toBeUndefined()
    expect(new Balancer().choose(weighted(0, 0))).toBeUndefined()
    expect(new Balancer().choose([])).toBeUndefined()
  })
})
