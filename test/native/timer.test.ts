import { describe, expect, test } from 'vitest'
import { RealClock } from '../../src/device/real-clock.ts'
import { hasAddon } from './harness.ts'

/** A clock that is closed at the end. */
async function withClock(body: (clock: RealClock) => Promise<void>): Promise<void> {
  const clock = new RealClock()
  try {
    await body(clock)
  } finally {
    clock.close()
  }
}

const due = (clock: RealClock) => new Promise<number>((resolve) => (clock.onDue = () => resolve(clock.now())))

describe.skipIf(!hasAddon())('the real clock', () => {
  test('starts at zero and never goes back', () =>
    withClock(async (clock) => {
      let last = clock.now()
      expect(last).toBeLessThan(1_000_000)
      for (let i = 0; i < 1000; i++) {
        const now = clock.now()
        expect(now).toBeGreaterThanOrEqual(last)
        last = now
      }
    }))

  test('its timer is never early, whatever the delay', () =>
    withClock(async (clock) => {
      for (const delay of [0, 1, 37, 250, 999.5, 1000.25, 5000, 20_000]) {
        const at = clock.now() + delay
        const fired = due(clock)
        clock.armAt(at)
        expect(await fired).toBeGreaterThanOrEqual(at)
      }
    }))

  test('a shorter deadline comes first though it was armed last, and replaces the other', () =>
    withClock(async (clock) => {
      let count = 0
      clock.onDue = () => count++
      const start = clock.now()
      clock.armAt(start + 3600e6)
      const fired = due(clock)
      clock.armAt(start + 2000)
      expect((await fired) - start).toBeLessThan(3600e6)
      expect(count).toBe(0)
    }))

  test('a moment that has passed, however far back, is due at once', () =>
    withClock(async (clock) => {
      for (const at of [clock.now() - 1, 0, -1e15]) {
        const fired = due(clock)
        clock.armAt(at)
        await fired
      }
    }))

  test('disarmed, armed for ever, or closed, it keeps silent', () =>
    withClock(async (clock) => {
      const silent = new RealClock()
      let count = 0
      silent.onDue = () => count++
      silent.armAt(silent.now() + 500)
      silent.disarm()
      const first = due(clock)
      clock.armAt(clock.now() + 3000)
      await first
      silent.armAt(Number.POSITIVE_INFINITY)
      silent.armAt(1e300)
      const second = due(clock)
      clock.armAt(clock.now() + 3000)
      await second
      silent.armAt(silent.now() + 500)
      silent.close()
      silent.close()
      silent.armAt(0)
      const third = due(clock)
      clock.armAt(clock.now() + 3000)
      await third
      expect(count).toBe(0)
    }))

  test('deferred tasks run in order, after the timers and input that are pending', () =>
    withClock(async (clock) => {
      const order: string[] = []
      await new Promise<void>((resolve) => {
        clock.defer(() => order.push('first'))
        clock.defer(() => {
          order.push('second')
          resolve()
        })
        order.push('now')
      })
      expect(order).toEqual(['now', 'first', 'second'])
    }))
})
