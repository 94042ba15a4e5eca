import { describe, expect, test } from 'vitest'
import { FEATURE_NAMES, featuresOf } from './features.ts'
import { failures } from './replay.ts'

/** So many transfers, from the first number on; thousands more are in `test/soak`. */
const COUNT = 240
const PART = 30
const FIRST = 1

describe('whatever a network and its users can do', () => {
  const parts = Array.from({ length: COUNT / PART }, (_, i) => FIRST + i * PART)

  test.each(parts)(
    '[RFC9293 §3.1] every byte arrives or a clean error, and nothing remains: %i and on',
    (first) => {
      expect(failures(first, PART)).toBe('')
    },
  )

  test('every feature is among them', () => {
    const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i)
    const drawn = new Set(seeds.flatMap(featuresOf))
    expect([...drawn].sort()).toEqual([...FEATURE_NAMES].sort())
  })
})
