import { describe, expect, it } from 'vitest'
import { priorityUpdate, setting, windowUpdate } from '../support/frames.ts'
import type { Field } from '../support/header-block.ts'
import { Driver } from './driver.ts'

const frameBytes = 16_384

/** Three answers of four frames each, behind a connection window that is used up: what leaves next is a choice. */
function crowded(first: string | undefined, second: string | undefined, third: string | undefined): Driver {
  const driver = new Driver({ settings: [[setting.initialWindow, 2 ** 30]] })
  const request = driver.open(1)
  request.answer(65_535)
  driver.take()
  ;[first, second, third].forEach((value, i) => {
    const fields: readonly Field[] = value === undefined ? [] : [['priority', value]]
    driver.open(3 + 2 * i, fields).answer(4 * frameBytes)
  })
  driver.take()
  return driver
}

/** The streams of the next frames, one at a time. */
function order(driver: Driver, frames: number): string {
  driver.send(windowUpdate(0, frames * frameBytes))
  return driver
    .takeFrames()
    .map(({ streamId }) => streamId)
    .join(' ')
}

describe('when answers must wait for the window of the connection (RFC 9218 section 10),', () => {
  it('all take turns where nobody said anything', () => {
    expect(order(crowded(undefined, undefined, undefined), 12)).toBe('3 5 7 3 5 7 3 5 7 3 5 7')
  })

  it('the most urgent goes first', () => {
    expect(order(crowded('u=5', 'u=1', 'u=3'), 12)).toBe('5 5 5 5 7 7 7 7 3 3 3 3')
  })

  it('equals that need all of their answer go one by one', () => {
    expect(order(crowded('u=2', 'u=2', 'u=2'), 12)).toBe('3 3 3 3 5 5 5 5 7 7 7 7')
  })

  it('equals that can use parts of it take turns', () => {
    expect(order(crowded('u=2, i', 'u=2, i', 'u=5, i'), 12)).toBe('3 5 3 5 3 5 3 5 7 7 7 7')
  })

  it('one who says nothing is of urgency 3', () => {
    expect(order(crowded('u=4', undefined, 'u=2'), 12)).toBe('7 7 7 7 5 5 5 5 3 3 3 3')
  })

  it('what is not understood counts as not said', () => {
    expect(order(crowded('u=8, i=2', 'u=-1', 'u=2;x=1'), 12)).toBe('7 7 7 7 3 3 3 3 5 5 5 5')
  })

  it('PRIORITY_UPDATE changes the order in the middle of it (section 7.1)', () => {
    const driver = crowded('u=1', 'u=2', 'u=3')
    expect(order(driver, 2)).toBe('3 3')
    driver.send(priorityUpdate(7, 'u=0'), priorityUpdate(3, 'u=6'))
    expect(order(driver, 10)).toBe('7 7 7 7 5 5 5 5 3 3')
  })

  it('PRIORITY_UPDATE of a stream that is over, or never was, changes nothing', () => {
    const driver = crowded('u=1', 'u=2', 'u=3')
    expect(driver.ask(priorityUpdate(1, 'u=0'), priorityUpdate(99, 'u=0'))).toEqual([])
    expect(order(driver, 5)).toBe('3 3 3 3 5')
  })

  it('one without a window of its own holds up nobody', () => {
    const driver = new Driver({ settings: [[setting.initialWindow, frameBytes]] })
    driver.open(1, [['priority', 'u=0']]).answer(2 * frameBytes)
    driver.open(3, [['priority', 'u=7']]).answer(frameBytes)
    expect(driver.take()).toEqual(['HEADERS 1 200', 'DATA 1 16384', 'HEADERS 3 200', 'DATA 3 16384 end'])
    expect(driver.ask(windowUpdate(1, frameBytes))).toEqual(['DATA 1 16384 end'])
  })

  it('one that comes later and is more urgent goes before those that wait', () => {
    const driver = crowded('u=3', 'u=3', 'u=3')
    driver.open(9, [['priority', 'u=0']]).answer(10)
    driver.take()
    expect(order(driver, 1)).toBe('9 3')
  })
})
