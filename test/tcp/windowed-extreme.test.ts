import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { Extreme, WindowedExtreme } from '../../src/tcp/windowed-extreme.ts'

describe('the least value of a window', () => {
  test('is the least of all within it', () => {
    const filter = new WindowedExtreme(Extreme.Least)
    expect(filter.value).toBe(Number.POSITIVE_INFINITY)
    expect([50, 70, 40, 90].map((value, i) => filter.add(value, i, 100))).toEqual([50, 50, 40, 40])
  })

  test('is forgotten with its window, and the best since takes its place', () => {
    const filter = new WindowedExtreme(Extreme.Least)
    filter.add(10, 0, 100)
    filter.add(30, 30, 100)
    filter.add(40, 60, 100)
    expect(filter.add(50, 100, 100)).toBe(10)
    expect(filter.add(50, 101, 100)).toBe(30)
    expect(filter.add(50, 131, 100)).toBe(40)
    expect(filter.add(50, 240, 100)).toBe(50)
  })

  test('after a silence longer than the window only the newest counts', () => {
    const filter = new WindowedExtreme(Extreme.Least)
    filter.add(10, 0, 100)
    expect(filter.add(90, 500, 100)).toBe(90)
  })

  test('is never older than the window, nor better than the best, whatever comes', () => {
    const random = new SeededRandom(3)
    const filter = new WindowedExtreme(Extreme.Least)
    const seen: { value: number; at: number }[] = []
    for (let i = 0, at = 0; i < 5000; i++, at += random.below(20)) {
      const value = 100 + random.below(1000)
      seen.push({ value, at })
      const least = filter.add(value, at, 1000)
      const window = seen.filter((sample) => at - sample.at <= 1000).map((sample) => sample.value)
      expect(window).toContain(least)
      expect(least).toBeGreaterThanOrEqual(Math.min(...window))
    }
  })
})

describe('the greatest value of a window', () => {
  test('is the greatest of all within it', () => {
    const max = new WindowedExtreme(Extreme.Greatest)
    max.add(5, 0, 10)
    max.add(3, 3, 10)
    max.add(4, 4, 10)
    max.add(1, 8, 10)
    expect(max.value).toBe(5)
    max.add(1, 11, 10)
    expect(max.value).toBe(4)
    max.add(7, 12, 10)
    expect(max.value).toBe(7)
    max.add(1, 40, 10)
    expect(max.value).toBe(1)
  })

  test('is a value of the window, and never less than what came in the last quarter of it', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 5 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 40 }), (entries, length) => {
        const max = new WindowedExtreme(Extreme.Greatest)
        const seen: [number, number][] = []
        let time = 0
        for (const [value, step] of entries) {
          time += step
          seen.push([value, time])
          max.add(value, time, length)
          const recent = (age: number) => seen.filter(([, at]) => time - at <= age).map(([each]) => each)
          expect(recent(length)).toContain(max.value)
          expect(max.value).toBeGreaterThanOrEqual(Math.max(...recent(length / 4 - 1), value))
        }
      }),
    )
  })
})
