import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { Identification } from '../../src/ip/identification.ts'

const take = (source: Identification, count: number, destination = 1): number[] =>
  Array.from({ length: count }, () => source.next(destination, 17))

test('[RFC6864 §4.3] no value returns towards a destination before all have been used', () => {
  const values = take(new Identification(new SeededRandom(1)), 65536)
  expect(new Set(values).size).toBe(65536)
})

test('[RFC6864 §4.3] neighbours tell nothing of each other, and another key gives other values', () => {
  const values = take(new Identification(new SeededRandom(1)), 1000)
  const steps = new Set(values.map((value, i) => (value - (values[i - 1] ?? 0)) & 0xffff))
  expect(steps.size).toBeGreaterThan(950)
  expect(take(new Identification(new SeededRandom(2)), 1000)).not.toEqual(values)
})

test('[RFC6864 §4.3] what goes to others leaves a destination’s sequence alone', () => {
  const alone = new Identification(new SeededRandom(3))
  const shared = new Identification(new SeededRandom(3))
  const expected = take(alone, 20)
  const seen = Array.from({ length: 20 }, () => {
    for (let other = 100; other < 105; other++) shared.next(other, 17)
    return shared.next(1, 17)
  })
  expect(seen).toEqual(expected)
})
