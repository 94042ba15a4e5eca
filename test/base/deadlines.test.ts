import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Deadlines } from '../../src/base/deadlines.ts'
import { NEVER } from '../../src/base/time.ts'

const OWNERS = 40

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ set: fc.nat(OWNERS - 1), delay: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ clear: fc.nat(OWNERS - 1) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.nat(300) }) },
)

/** Takes all that is due, and expects each owner once, none before its time, in the order of deadlines. */
function takeAll(deadlines: Deadlines, model: Map<number, number>, now: number): void {
  let last = 0
  for (let owner = deadlines.take(now); owner !== -1; owner = deadlines.take(now)) {
    const due = model.get(owner)
    expect(due).toBeLessThanOrEqual(now)
    expect(due).toBeGreaterThanOrEqual(last)
    last = due!
    model.delete(owner)
  }
  expect([...model.values()].every((due) => due > now)).toBe(true)
}

describe('the queue of deadlines', () => {
  test('takes owners as a sorted list would, while deadlines are set, moved either way and cleared', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const deadlines = new Deadlines(OWNERS)
        const model = new Map<number, number>()
        let now = 0
        for (const s of steps) {
          if ('set' in s) {
            deadlines.set(s.set, now, s.delay)
            model.set(s.set, now + s.delay)
          } else if ('clear' in s) {
            deadlines.clear(s.clear)
            model.delete(s.clear)
          } else {
            now += s.pass
            takeAll(deadlines, model, now)
          }
          expect(deadlines.next()).toBe(Math.min(NEVER, ...model.values()))
        }
        takeAll(deadlines, model, now + 1000)
        expect(deadlines.next()).toBe(NEVER)
      }),
      { numRuns: 150 },
    )
  })

  test('a deadline is due at its moment, not before', () => {
    const deadlines = new Deadlines()
    deadlines.set(3, 100, 50)
    expect(deadlines.take(149)).toBe(-1)
    expect(deadlines.take(150)).toBe(3)
    expect(deadlines.take(150)).toBe(-1)
  })

  test('an empty queue has nothing to take and no next', () => {
    const deadlines = new Deadlines(1)
    expect([deadlines.take(1e15), deadlines.next()]).toEqual([-1, NEVER])
    deadlines.set(0, 0, 5)
    deadlines.clear(0)
    expect([deadlines.take(1e15), deadlines.next()]).toEqual([-1, NEVER])
  })

  test('a deadline of NEVER does not come and does not stand in the way', () => {
    const deadlines = new Deadlines()
    deadlines.set(0, 0, NEVER)
    deadlines.set(1, 0, 7)
    expect(deadlines.next()).toBe(7)
    expect([deadlines.take(7), deadlines.take(1e15), deadlines.next()]).toEqual([1, -1, NEVER])
    deadlines.set(0, 0, 9)
    expect(deadlines.next()).toBe(9)
  })

  test('a deadline that is no number comes due at once instead of stopping the queue', () => {
    const deadlines = new Deadlines()
    deadlines.set(2, 0, Number.NaN)
    expect([deadlines.take(0), deadlines.next()]).toEqual([2, NEVER])
    deadlines.set(1, 0, 7)
    deadlines.set(0, 0, Number.NaN)
    expect(deadlines.take(0)).toBe(0)
    expect([deadlines.take(7), deadlines.take(7)]).toEqual([1, -1])
  })

  test('growing keeps what is queued', () => {
    const deadlines = new Deadlines(2)
    deadlines.set(0, 0, 20)
    deadlines.set(1, 0, 10)
    deadlines.grow(50)
    for (let owner = 2; owner < 50; owner++) deadlines.set(owner, 0, 100 + owner)
    const order = Array.from({ length: 51 }, () => deadlines.take(1000))
    expect(order).toEqual([1, 0, ...Array.from({ length: 48 }, (_, i) => i + 2), -1])
  })
})
