import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxLineBytes } from '../../src/log-output.ts'
import { fieldsFormat } from '../../src/proxy/access-log-fields.ts'
import { formatJsonLine } from '../../src/proxy/access-log-json.ts'
import { accessLogFields } from '../../src/proxy/proxy-options.ts'
import { bareEntry, entries, fullEntry } from './access-log-entries.ts'

describe('a line with some fields', () => {
  it('has these, in the order in which they were asked for', () => {
    const format = fieldsFormat(['status', 'target', 'route', 'duration'])
    expect(format(fullEntry)).toBe(
      '{"status":502,"target":"/cart?item=7","route":"Ingress/shop/web/spec.rules[0].http.paths[1]","duration":0.012345}\n',
    )
  })

  it('leaves out what does not apply, were it all', () => {
    expect(fieldsFormat(['endpoint', 'status'])(bareEntry)).toBe('{"status":404}\n')
    expect(fieldsFormat(['endpoint'])(bareEntry)).toBe('{}\n')
  })

  it('with all fields is the line that has all', () => {
    fc.assert(
      fc.property(entries(200), (entry) => {
        expect(fieldsFormat(accessLogFields)(entry)).toBe(formatJsonLine(entry))
      }),
    )
  })

  it('says of each field what the line with all says, unless that is cut', () => {
    fc.assert(
      fc.property(entries(200), fc.subarray([...accessLogFields]), (entry, fields) => {
        const all = JSON.parse(formatJsonLine(entry))
        if (all.cut === true) return
        const wanted = fields.filter((field) => field in all).map((field) => [field, all[field]])
        expect(Object.entries(JSON.parse(fieldsFormat(fields)(entry)))).toEqual(wanted)
      }),
    )
  })

  it('is never too long', () => {
    fc.assert(
      fc.property(entries(3_000), fc.subarray([...accessLogFields]), (entry, fields) => {
        const line = fieldsFormat(fields)(entry)
        expect(line.length).toBeLessThanOrEqual(maxLineBytes)
        expect(line).toMatch(/^[ -~]+\n$/)
        JSON.parse(line)
      }),
      { numRuns: 100 },
    )
  })
})
