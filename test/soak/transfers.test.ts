import { describe, expect, test } from 'vitest'
import { failures } from '../sim-transfer/replay.ts'

const COUNT = 10_000
const PART = 500
/** Other numbers than the usual ones. */
const FIRST = Number(process.env.TUNSTACK_SEED ?? 1)

describe('10,000 random transfers under random impairment', () => {
  const parts = Array.from({ length: COUNT / PART }, (_, i) => FIRST + i * PART)

  test.each(parts)(
    '[RFC9293 §3.1] every byte arrives or a clean error, and nothing remains: %i and on',
    (first) => {
      expect(failures(first, PART)).toBe('')
    },
  )
})
