import { describe, expect, it } from 'vitest'
import { createLogger, type LogFormat, type LogLevel } from '../src/log.ts'

function collect(format: LogFormat, level: LogLevel = 'info') {
  const lines: string[] = []
  return { lines, logger: createLogger({ level, format, write: (line) => lines.push(line) }) }
}

describe('the log', () => {
  it('is one JSON object a line with ISO time, level by name, constant message and fields', () => {
    const { lines, logger } = collect('json')
    logger.child({ part: 'watch' }).info({ kind: 'Ingress', count: 3 }, 'list complete')
    expect(lines).toHaveLength(1)
    const line = JSON.parse(lines[0] ?? '')
    expect(line).toEqual({
      level: 'info',
      time: line.time,
      part: 'watch',
      kind: 'Ingress',
      count: 3,
      message: 'list complete',
    })
    expect(new Date(line.time).toISOString()).toBe(line.time)
  })

  it('as text is one readable line, with quotes only around values that need them', () => {
    const { lines, logger } = collect('text')
    logger.warn({ host: 'shop.example', reason: 'two words', count: 3, empty: '', list: ['a'] }, 'host left out')
    expect(lines[0]?.replace(/^\S+Z /, '')).toBe(
      'WARN  host left out host=shop.example reason="two words" count=3 empty="" list=["a"]\n',
    )
  })

  it('cannot be made to write a second line by a value', () => {
    const { lines, logger } = collect('text')
    logger.info({ path: '/a\n2026-11-21T00:00:00.000Z INFO  forged' }, 'request refused')
    expect(lines[0]?.trimEnd()).not.toContain('\n')
  })

  it('leaves out what is below its level', () => {
    const { lines, logger } = collect('json', 'warn')
    logger.debug({}, 'a')
    logger.info({}, 'b')
    logger.warn({}, 'c')
    logger.error({}, 'd')
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd'])
  })

  it('shows the stack of an error in both formats', () => {
    const json = collect('json')
    json.logger.error({ error: new Error('no route to host') }, 'list failed')
    expect(JSON.parse(json.lines[0] ?? '').error).toMatchObject({ message: 'no route to host', type: 'Error' })
    const text = collect('text')
    text.logger.error({ error: new Error('no route to host') }, 'list failed')
    expect(text.lines[0]).toMatch(/ERROR list failed error="no route to host"\nError: no route to host\n {4}at /)
  })
})
