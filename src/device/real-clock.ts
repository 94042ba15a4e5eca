import type { Instant } from '../base/time.ts'
import type { NativeTimer } from './addon.ts'
import type { Clock } from './driver.ts'
import { addon } from './tun.ts'

/** The machine's monotonic clock with a timer of microseconds. Zero is when it was made; until closed it keeps the process alive. */
export class RealClock implements Clock {
  onDue: (() => void) | undefined
  readonly #start = performance.now()
  /** What CLOCK_MONOTONIC showed at zero, microseconds. */
  readonly #origin: number
  readonly #timer: NativeTimer

  constructor() {
    this.#timer = new (addon().Timer)(() => this.onDue?.())
    // Read in this order, the timer is late by what lies between, never early.
    const now = this.now()
    this.#origin = Number(process.hrtime.bigint()) / 1000 - now
  }

  now(): Instant {
    return (performance.now() - this.#start) * 1000
  }

  armAt(at: Instant): void {
    this.#timer.armAt(this.#origin + at)
  }

  disarm(): void {
    this.#timer.disarm()
  }

  defer(task: () => void): void {
    setImmediate(task)
  }

  /** An armed or idle timer does not keep the process alive after this. */
  unref(): this {
    this.#timer.reference(false)
    return this
  }

  close(): void {
    this.#timer.close()
  }
}
