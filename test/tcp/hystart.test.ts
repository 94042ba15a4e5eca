import { describe, expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { INFINITE_THRESHOLD } from '../../src/tcp/congestion.ts'
import { Cubic } from '../../src/tcp/cubic.ts'
import { Ride, SMSS } from './ride.ts'

const start = (): Ride<Cubic> => {
  const ride = new Ride(new Cubic(), { initialWindow: 16 * SMSS })
  ride.capacity = 1 << 30
  return ride
}

/** How much a round with this round trip lets the window grow. */
function growth(ride: Ride<Cubic>, rtt: number): number {
  const before = ride.controller.window
  ride.round({ rtt })
  return ride.controller.window / before
}

describe('slow start', () => {
  test('[RFC9406 §4.2] doubles while the round trip does not grow', () => {
    const ride = start()
    for (let i = 0; i < 5; i++) expect(growth(ride, 40 * MILLISECOND)).toBeCloseTo(2, 1)
  })

  test.each([
    [40, 44.9, false], // an eighth of 40 ms is 5
    [40, 45, true],
    [8, 11.9, false], // at least 4 ms
    [8, 12, true],
    [200, 215.9, false], // at most 16 ms
    [200, 216, true],
  ])(
    '[RFC9406 §4.2] a minimum of %d ms that becomes %d ms: conservative slow start %s',
    (first, then, is) => {
      const ride = start()
      growth(ride, first * MILLISECOND)
      growth(ride, then * MILLISECOND)
      expect(growth(ride, then * MILLISECOND)).toBeCloseTo(is ? 1.25 : 2)
    },
  )

  test('[RFC9406 §4.2] fewer than eight samples of a round are not enough', () => {
    const ride = new Ride(new Cubic(), { initialWindow: 4 * SMSS })
    ride.capacity = 7 * SMSS
    for (let i = 0; i < 8; i++) {
      const before = ride.controller.window
      ride.round({ rtt: (40 + 20 * i) * MILLISECOND })
      expect(ride.controller.window - before).toBe(Math.min(before, 7 * SMSS))
    }
  })

  test('an acknowledgement that times nothing is no sample', () => {
    const ride = start()
    growth(ride, 40 * MILLISECOND)
    for (let i = 0; i < 4; i++) expect(growth(ride, -1)).toBe(2)
  })
})

describe('conservative slow start', () => {
  const conservative = (): Ride<Cubic> => {
    const ride = start()
    growth(ride, 40 * MILLISECOND)
    growth(ride, 60 * MILLISECOND)
    return ride
  }

  test('[RFC9406 §4.2] is taken back when the round trip falls again: it was jitter', () => {
    const ride = conservative()
    expect(growth(ride, 60 * MILLISECOND)).toBeCloseTo(1.25)
    growth(ride, 40 * MILLISECOND)
    expect(growth(ride, 40 * MILLISECOND)).toBeCloseTo(2, 1)
    expect(ride.controller.threshold).toBe(INFINITE_THRESHOLD)
  })

  test('[RFC9406 §4.2] ends slow start after five rounds', () => {
    const ride = conservative()
    for (let i = 0; i < 4; i++) growth(ride, 60 * MILLISECOND)
    expect(ride.controller.threshold).toBe(INFINITE_THRESHOLD)
    growth(ride, 60 * MILLISECOND)
    expect(ride.controller.threshold).toBeLessThan(INFINITE_THRESHOLD)
    expect(growth(ride, 60 * MILLISECOND)).toBeLessThan(1.2)
  })

  test('[RFC9406 §4.2] a loss ends it, and the next slow start goes to its threshold as ever', () => {
    const ride = conservative()
    ride.timeout()
    const { threshold } = ride.controller
    while (ride.controller.window < threshold / 2) expect(growth(ride, 300 * MILLISECOND)).toBe(2)
  })
})
