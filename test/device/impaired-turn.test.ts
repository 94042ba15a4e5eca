import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { type Instant, MILLISECOND, NEVER } from '../../src/base/time.ts'
import { type Clock, TunDriver } from '../../src/device/driver.ts'
import { ImpairedDevice } from '../../src/device/impaired-device.ts'
import { NO_IMPAIRMENTS } from '../../src/device/impairments.ts'
import { Stack } from '../../src/stack/stack.ts'
import { MemoryBench } from '../support/memory-bench.ts'
import { echoRequest, pattern, US } from '../support/packets.ts'

/** A clock that is moved by hand. */
class ManualClock implements Clock {
  onDue: (() => void) | undefined
  time: Instant = 0
  armedAt: Instant = NEVER
  #deferred: (() => void)[] = []

  now(): Instant {
    return this.time
  }

  armAt(at: Instant): void {
    this.armedAt = at
  }

  disarm(): void {
    this.armedAt = NEVER
  }

  defer(task: () => void): void {
    this.#deferred.push(task)
  }

  /** Runs what was deferred, and goes to the moment that was asked for. */
  pass(): void {
    for (const task of this.#deferred.splice(0)) task()
    if (this.armedAt === NEVER) return
    this.time = this.armedAt
    this.armedAt = NEVER
    this.onDue?.()
  }
}

test('in real time too, a delayed packet has its turn when it is due, in both directions', () => {
  const bench = new MemoryBench()
  const impairments = { ...NO_IMPAIRMENTS, delay: 20 * MILLISECOND }
  const device = new ImpairedDevice(bench.device, bench.arena, impairments, new SeededRandom(1))
  const stack = new Stack({ arena: bench.arena, address: { address: US, prefix: 24 }, seed: 1 })
  const clock = new ManualClock()
  const errors: unknown[] = []
  const driver = new TunDriver(stack, device, clock, (error) => errors.push(error))
  bench.arrive([echoRequest(pattern(56))])
  driver.start()
  clock.pass()
  expect([clock.time, bench.sent().length]).toEqual([20 * MILLISECOND, 0])
  clock.pass()
  expect(clock.time).toBe(40 * MILLISECOND)
  expect(bench.sent()).toHaveLength(1)
  expect(driver.turns).toBe(3)
  expect(clock.armedAt).toBe(NEVER)
  expect(errors).toEqual([])
})
