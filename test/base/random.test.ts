import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 7)

describe('seeded random numbers', () => {
  test('[RFC6528 §4] the same seed gives the same numbers, another seed others', () => {
    const first = (random: SeededRandom) => Array.from({ length: 20 }, () => random.word())
    expect(first(new SeededRandom(5))).toEqual(first(new SeededRandom(5)))
    expect(first(new SeededRandom(KEY))).toEqual(first(new SeededRandom(KEY)))
    expect(first(new SeededRandom(5))).not.toEqual(first(new SeededRandom(6)))
    expect(first(new SeededRandom(0.5))).not.toEqual(first(new SeededRandom(0.25)))
  })

  test('words are int32 and do not repeat within a short run', () => {
    const random = new SeededRandom(1)
    const words = Array.from({ length: 2000 }, () => random.word())
    expect(words.every((word) => word === (word | 0))).toBe(true)
    // Two equal ones among 2000 of 2^32 would be a chance of 1 in 2000; this seed has none.
    expect(new Set(words).size).toBe(2000)
  })

  test('fraction and below keep within their bounds', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.integer({ min: 1, max: 0x7fffffff }), (seed, bound) => {
        const random = new SeededRandom(seed)
        for (let i = 0; i < 20; i++) {
          const below = random.below(bound)
          expect(Number.isInteger(below) && below >= 0 && below < bound).toBe(true)
          const fraction = random.fraction()
          expect(fraction >= 0 && fraction < 1).toBe(true)
        }
      }),
    )
    expect(new SeededRandom(1).below(1)).toBe(0)
  })

  test('every value below a bound is drawn about equally often', () => {
    const random = new SeededRandom(2)
    const counts = new Array(10).fill(0)
    for (let i = 0; i < 20_000; i++) counts[random.below(10)]++
    // 2000 expected each; the standard deviation is 42.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(250)
  })

  test('each bit of a word is set half of the time', () => {
    const random = new SeededRandom(3)
    const counts = new Array(32).fill(0)
    for (let i = 0; i < 4000; i++) {
      const word = random.word()
      for (let bit = 0; bit < 32; bit++) counts[bit] += (word >>> bit) & 1
    }
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })

  test('bytes come in the length that was asked for', () => {
    const random = new SeededRandom(4)
    for (const length of [0, 1, 16, 1000]) expect(random.bytes(length)).toHaveLength(length)
    expect(new Set(random.bytes(5000)).size).toBe(256)
  })
})
