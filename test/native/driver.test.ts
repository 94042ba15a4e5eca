import { beforeEach, describe, expect, test } from 'vitest'
import { PacketTable } from '../../src/base/packet-table.ts'
import { type Instant, NEVER } from '../../src/base/time.ts'
import { type Clock, type PolledDevice, TunDriver } from '../../src/device/driver.ts'
import type { Stack } from '../../src/stack/stack.ts'

/** A clock that moves when told, and counts what it costs. */
class FakeClock implements Clock {
  time: Instant = 0
  armed: Instant = NEVER
  armings = 0
  onDue: (() => void) | undefined
  #tasks: (() => void)[] = []

  now(): Instant {
    return this.time
  }

  armAt(at: Instant): void {
    this.armings++
    this.armed = at
  }

  disarm(): void {
    this.armed = NEVER
  }

  defer(task: () => void): void {
    this.#tasks.push(task)
  }

  /** What the event loop does in one go; returns how many tasks it ran. */
  loop(): number {
    const tasks = this.#tasks
    this.#tasks = []
    for (const task of tasks) task()
    return tasks.length
  }

  /** Moves on; what is due is called. */
  goTo(time: Instant): void {
    this.time = time
    if (this.armed > time) return
    this.armed = NEVER
    this.onDue?.()
  }
}

/** A device with so many packets to read, four a batch. */
class FakeDevice implements PolledDevice {
  readonly name = 'fake'
  readonly memory = new Uint8Array(0)
  readonly mtu = 1500
  readonly segmentationOffload = false
  readonly input = new PacketTable(this.memory, 4)
  isDrained = true
  waiting = 0
  flushes = 0
  onReadable: (() => void) | undefined

  readBatch(): number {
    const count = Math.min(this.waiting, 4)
    this.waiting -= count
    this.isDrained = count < 4
    this.input.count = count
    return count
  }

  flush(): void {
    this.flushes++
  }

  room(): number {
    return -1
  }

  push(): void {}

  serve(onReadable: (() => void) | undefined): void {
    this.onReadable = onReadable
  }
}

/** Writes down what it is asked. */
class FakeStack {
  isBehind = false
  calls: string[] = []
  next: Instant = NEVER
  onApplications: () => void = () => {}

  receive(): void {
    this.calls.push('receive')
  }

  advance(now: Instant): void {
    this.calls.push(`advance ${now}`)
  }

  runApplications(): void {
    this.calls.push('run')
    this.onApplications()
  }

  transmit(): void {
    this.calls.push('transmit')
  }

  nextDeadline(): Instant {
    return this.next
  }
}

describe('the driver', () => {
  let clock: FakeClock
  let device: FakeDevice
  let stack: FakeStack
  let errors: unknown[]
  let driver: TunDriver

  beforeEach(() => {
    clock = new FakeClock()
    device = new FakeDevice()
    stack = new FakeStack()
    errors = []
    driver = new TunDriver(stack as unknown as Stack, device, clock, (error) => errors.push(error))
  })

  /** Started, with the first turn behind it. */
  function started(): void {
    driver.start()
    clock.loop()
    stack.calls = []
  }

  test('a turn reads, advances, runs applications, and transmits, in this order', () => {
    driver.start()
    device.waiting = 2
    clock.time = 70
    clock.loop()
    expect(stack.calls).toEqual(['receive', 'receive', 'advance 70', 'run', 'transmit'])
    expect(device.flushes).toBe(1)
  })

  test('idle it asks for nothing: no timer, no task', () => {
    started()
    expect(clock.armings).toBe(0)
    expect(clock.loop()).toBe(0)
  })

  test('many wake-ups are one turn, and one during a turn is none', () => {
    started()
    stack.onApplications = () => driver.wake()
    driver.wake()
    driver.wake()
    expect(clock.loop()).toBe(1)
    expect(driver.turns).toBe(2)
    expect(clock.loop()).toBe(0)
  })

  test('while batches are full it goes on for some rounds, then lets others', () => {
    started()
    device.waiting = 100
    device.onReadable?.()
    expect(device.waiting).toBe(100 - 4 * 4)
    device.waiting = 5
    device.onReadable?.()
    expect(device.waiting).toBe(0)
    expect(driver.turns).toBe(1 + 4 + 2)
  })

  test('it tells when there is more than some rounds take', () => {
    let backlogs = 0
    driver.onBacklog = () => backlogs++
    started()
    device.waiting = 15
    device.onReadable?.()
    expect(backlogs).toBe(0)
    device.waiting = 16
    device.onReadable?.()
    expect(backlogs).toBe(1)
  })

  test('it comes back for the next deadline', () => {
    started()
    stack.next = 500
    driver.wake()
    clock.loop()
    expect(clock.armed).toBe(500)
    stack.calls = []
    stack.next = NEVER
    clock.goTo(500)
    expect(stack.calls).toEqual(['advance 500', 'run', 'transmit'])
    expect(clock.armed).toBe(NEVER)
  })

  test('a deadline that moves later costs no system call, an earlier one does', () => {
    started()
    for (const next of [500, 600, 700]) {
      stack.next = next
      device.onReadable?.()
    }
    expect(clock.armings).toBe(1)
    stack.next = 400
    device.onReadable?.()
    expect(clock.armings).toBe(2)
    stack.next = 700
    clock.goTo(400)
    expect(clock.armed).toBe(700)
  })

  test('a deadline at or before now is a turn soon, without the timer', () => {
    started()
    clock.time = 100
    stack.next = 100
    driver.wake()
    clock.loop()
    stack.next = NEVER
    expect(clock.loop()).toBe(1)
    expect(driver.turns).toBe(3)
    expect(clock.armings).toBe(0)
  })

  test('a turn that throws is told, and another follows in a while, not at once', () => {
    started()
    stack.onApplications = () => {
      throw new Error('a bug')
    }
    device.onReadable?.()
    expect(errors).toEqual([new Error('a bug')])
    expect(driver.failures).toBe(1)
    expect(clock.loop()).toBe(0)
    expect(clock.armed).toBe(10_000)
    stack.onApplications = () => {}
    stack.calls = []
    clock.goTo(10_000)
    expect(stack.calls).toContain('transmit')
  })

  test('an error handler that throws does not stop it either', () => {
    const careless = new TunDriver(stack as unknown as Stack, device, clock, () => {
      throw new Error('the handler')
    })
    careless.start()
    stack.onApplications = () => {
      throw new Error('a bug')
    }
    expect(() => clock.loop()).toThrow('the handler')
    stack.onApplications = () => {}
    stack.calls = []
    careless.wake()
    clock.loop()
    expect(stack.calls).toContain('transmit')
  })

  test('stopped it is silent, whatever was asked before; started again it goes on', () => {
    started()
    stack.next = 500
    driver.wake()
    clock.loop()
    driver.wake()
    driver.stop()
    driver.stop()
    expect(device.onReadable).toBeUndefined()
    expect(clock.armed).toBe(NEVER)
    clock.loop()
    driver.wake()
    expect(clock.loop()).toBe(0)
    expect(driver.turns).toBe(2)
    driver.start()
    clock.loop()
    expect(driver.turns).toBe(3)
    expect(clock.armed).toBe(500)
  })

  test('stopped in the middle of a turn it arms nothing', () => {
    started()
    stack.next = 500
    device.waiting = 100
    stack.onApplications = () => driver.stop()
    device.onReadable?.()
    expect(driver.turns).toBe(2)
    expect(clock.armed).toBe(NEVER)
    expect(clock.loop()).toBe(0)
  })
})
