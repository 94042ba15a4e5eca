import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WindowedMax } from '../../src/tcp/windowed-max.ts'

test('the largest of the window', () => {
  const max = new WindowedMax()
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
      const max = new WindowedMax()
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
